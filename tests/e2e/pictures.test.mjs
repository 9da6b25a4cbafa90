// Makes the pictures of the README (`cargo xtask pictures`): the real demo, as it looks when this is run.

import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Chat } from './support/chat.mjs';
import { openWorld } from './support/world.mjs';

const QUESTION = 'Thử việc tối đa mấy tháng và lương thử việc tính sao?';
const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));

for (const colorScheme of ['light', 'dark']) {
  test(`the chat, ${colorScheme}`, async () => {
    const world = await openWorld();
    try {
      const { open } = await world.visitor({ colorScheme, locale: 'vi-VN', viewport: { width: 1180, height: 800 }, deviceScaleFactor: 1.5 });
      const page = await open('/?lang=vi');
      const chat = new Chat(page, 'vi');
      await chat.openAndPick();
      await chat.ask(QUESTION);
      await chat.whole(1);
      await page.mouse.move(300, 300);
      await page.screenshot({ path: `${images}chat-${colorScheme}.jpg`, quality: 82, type: 'jpeg', animations: 'disabled', caret: 'hide' });
    } finally {
      await world.close();
    }
  });
}
