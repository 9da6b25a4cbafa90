// Says who the visitor is, when somebody chats and not before.
const { twinchatIdentity } = document.querySelector('script[data-twinchat-identity]').dataset;

document.querySelector('twin-chat').getToken = async ({ signal }) => {
  const answer = await fetch(twinchatIdentity, { method: 'POST', credentials: 'same-origin', signal });
  if (!answer.ok) throw new Error(`${twinchatIdentity}: ${answer.status}`);
  return answer.json();
};
