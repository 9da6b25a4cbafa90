// The page in the playground's window: has the chat as the playground says, by the element's own ways.

const place = document.getElementById('place');
// There before the loader is, which would place one of its own.
let chat = place.appendChild(document.createElement('twin-chat'));
let made = 'bubble false'; // what is not changed once the chat is there

/** Called by the playground around this page. */
globalThis.show = ({ options, properties, scheme, language, open }) => {
  const { mode, frame } = options;
  document.documentElement.dataset.scheme = scheme;
  document.documentElement.dataset.mode = mode;
  document.documentElement.lang = language;
  if (made !== `${mode} ${frame}`) {
    made = `${mode} ${frame}`;
    chat.remove();
    chat = document.createElement('twin-chat');
    if (frame) chat.setAttribute('frame', 'true');
    place.append(chat);
  }
  for (const [name, value] of Object.entries(properties)) chat.style.setProperty(name, value);
  customElements.whenDefined('twin-chat').then(() => {
    // The page's own light is the system's, as far as the chat is concerned.
    const colorScheme = options.colorScheme === 'auto' ? scheme : options.colorScheme;
    chat.setOptions({ ...options, colorScheme: colorScheme || 'auto', restore: false, ...(open && { open: true }) });
  });
};

parent.postMessage('preview', location.origin);
