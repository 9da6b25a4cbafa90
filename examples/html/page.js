// <twin-chat> is on the page by now: scripts of type "module" run in order.
const chat = document.querySelector('twin-chat');

document.getElementById('ask').addEventListener('click', async () => {
  await chat.open();
  await chat.setComposerValue({ text: 'When do you open on Sundays?' });
});

chat.on('twinchat.response.end', ({ detail }) => {
  document.getElementById('log').textContent = `The answer is ${detail.status}.`;
});
