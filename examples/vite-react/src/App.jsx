import { useRef, useState } from 'react';
import { TwinChat } from 'twinchat/react';

const STARTERS = ['Explain ownership with a small example', 'What is a lifetime?'];

export function App() {
  const chat = useRef(null);
  const [dark, setDark] = useState(false);
  const [thread, setThread] = useState(null);

  return (
    <main>
      <h1>Vite and React</h1>
      <p>Conversation: <output>{thread ?? 'none yet'}</output></p>
      <button onClick={() => chat.current.open()}>Ask a question</button>
      <label><input type="checkbox" checked={dark} onChange={() => setDark(!dark)} /> Dark</label>
      <TwinChat
        ref={chat}
        proxy={import.meta.env.VITE_TWINCHAT_PROXY}
        colorScheme={dark ? 'dark' : 'light'}
        starters={STARTERS}
        onThreadChange={({ detail }) => setThread(detail.threadId)}
        onError={({ detail }) => console.warn(detail.code, detail.message)}
      />
    </main>
  );
}
