import { mount } from 'svelte';
import { defineTwinChat } from 'twinchat';
import App from './App.svelte';

// Before the app is mounted, so that Svelte sees which properties the element has.
defineTwinChat();
mount(App, { target: document.getElementById('root') });
