import { defineTwinChat } from 'twinchat';
import { createApp } from 'vue';
import App from './App.vue';

// Before the app is mounted, so that Vue sees which properties the element has.
defineTwinChat();
createApp(App).mount('#root');
