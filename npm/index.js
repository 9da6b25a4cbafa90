// The package `twinchat`. Importing it registers nothing and works on a server; defineTwinChat() makes <twin-chat> known.
export { defineTwinChat, TwinChatElement } from './twinchat-element.js';
