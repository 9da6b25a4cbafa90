'use client';

import { useRef, useState } from 'react';
import { TwinChat } from 'twinchat/react';

/** Asked when somebody chats, not before: who is signed in here. */
async function getToken({ signal }) {
  const answer = await fetch('/chat-identity', { method: 'POST', signal });
  if (!answer.ok) throw new Error(`/chat-identity: ${answer.status}`);
  return (await answer.json()).token;
}

export function Chat({ proxy }) {
  const chat = useRef(null);
  const [who, setWho] = useState('nobody yet');

  return (
    <>
      <p>Signed in to the chat: <output>{who}</output></p>
      <button onClick={() => chat.current.open()}>Ask a question</button>
      <TwinChat
        ref={chat}
        proxy={proxy}
        getToken={getToken}
        onIdentityChange={({ detail }) => setWho(detail.signedIn ? 'you' : 'nobody')}
      />
    </>
  );
}
