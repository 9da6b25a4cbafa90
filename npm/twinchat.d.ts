/** What a script tag loads; importing it defines `<twin-chat>` at once. In a bundle use `defineTwinChat()` of `twinchat`. */
export {};
