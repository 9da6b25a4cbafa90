// The widget on a page, in a visitor's words. Everything is found by role and name, as assistive technology finds it.

import { eventually } from './world.mjs';
import { fill, words } from './words.mjs';

const before = (text) => new RegExp(`^${fill(text, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);

export class Chat {
  /** `framed`: the panel is in a document of its own; the launcher never is. */
  constructor(page, language = 'en', { framed = false, at = 'twin-chat' } = {}) {
    this.page = page;
    this.words = words[language];
    this.element = page.locator(at);
    this.root = framed ? page.frameLocator(`${at} iframe`).locator('body') : this.element;
  }

  button(name, within = this.root) {
    return within.getByRole('button', { name, exact: true });
  }

  get launcher() {
    return this.element.getByRole('button', { name: new RegExp(`^${this.words.launcher[0]}`) });
  }

  get panel() {
    return this.root.locator('.tc-root:not(.tc-shell) [part~=panel]');
  }

  get twins() {
    return this.root.getByRole('listbox', { name: this.words.twins }).getByRole('option');
  }

  get composer() {
    return this.root.getByRole('textbox', { name: before(this.words.write_to) });
  }

  get log() {
    return this.root.getByRole('log', { name: this.words.messages });
  }

  get questions() {
    return this.log.getByRole('article', { name: this.words.you, exact: true });
  }

  get answers() {
    return this.log.locator('[part~=answer]');
  }

  get stop() {
    return this.button(this.words.stop);
  }

  async open() {
    await this.launcher.click();
    await this.panel.waitFor();
  }

  async pick(at) {
    await this.twins.nth(at).click();
    await this.composer.waitFor();
  }

  async openAndPick(at = 0) {
    await this.open();
    await this.pick(at);
  }

  async ask(text) {
    await this.composer.fill(text);
    await this.button(this.words.send).click();
    await this.questions.last().getByText(text).waitFor();
  }

  /** What the last answer says so far, without its time and buttons. */
  async said() {
    const text = this.answers.last().locator('[part~=markdown]');
    return (await text.count()) ? text.innerText() : '';
  }

  /** Waits for the last of so many answers to be whole and returns its text. */
  async whole(count) {
    await eventually(() => this.answers.count(), (is) => is === count, `${count} answers`);
    await this.button(this.words.copy, this.answers.last()).waitFor({ timeout: 90_000 });
    await this.stop.waitFor({ state: 'hidden' });
    // Text is drawn once per frame, and a page behind another one has no frames.
    await this.page.bringToFront();
    await this.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    return this.said();
  }

  /** Waits until at least so many characters of the last of so many answers are there. */
  async reaches(length, count) {
    await eventually(() => this.answers.count(), (is) => is === count, `${count} answers`);
    return eventually(() => this.said(), (text) => text.length >= length, `${length} characters`, 60_000);
  }

  /** The page is loaded anew: whoever has written something finds the panel open again, except on a phone. */
  async comeBack() {
    await this.page.reload();
    if (this.page.viewportSize().width < 500) await this.open();
    else await this.panel.waitFor();
  }

  /** To the list of conversations, from wherever one is. */
  async list() {
    const back = this.button(this.words.conversations);
    await back.or(this.root.getByRole('heading', { name: this.words.conversations })).first().waitFor();
    if (await back.isVisible()) await back.click();
  }

  /** The row of a conversation; its name begins with the title. */
  row(title) {
    return this.root.getByRole('button').filter({ hasText: title }).first();
  }

  async action(title, name) {
    await this.button(fill(this.words.conversation_actions, title)).click();
    await this.root.getByRole('menuitem', { name }).click();
  }

  async choose(name) {
    await this.button(this.words.menu).click();
    await this.root.getByRole('menuitemradio', { name }).click();
  }
}
