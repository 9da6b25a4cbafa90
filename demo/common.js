// What the site's pages share: their language and their light. Vietnamese stands in a page, English in texts.js.

export const root = document.documentElement;
export const parameters = new URLSearchParams(location.search);

const texts = [...document.querySelectorAll('[data-t]')].map((node) => ({ node, key: node.dataset.t, vi: node.textContent }));
const labels = [...document.querySelectorAll('[data-t-label]')].map((node) => ({ node, key: node.dataset.tLabel, vi: node.ariaLabel }));
const title = document.title;
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const isDark = () => (root.dataset.scheme ? root.dataset.scheme === 'dark' : systemIsDark.matches);
const showScheme = () => root.toggleAttribute('data-dark', isDark());

/** Notes a choice in the address, and in those of the pages that links with `data-keep` lead to. */
function remember(name, value) {
  const address = new URL(location.href);
  address.searchParams.set(name, value);
  history.replaceState(null, '', address);
  for (const link of document.querySelectorAll('[data-keep]')) {
    const target = new URL(link.href);
    target.searchParams.set(name, value);
    link.href = target;
  }
}

/** Brings the page's buttons to life; `spoken(language)` and `lit(scheme)` hear what is chosen, at the start as well. */
export function furnish({ english, spoken, lit }) {
  function speak(language) {
    root.lang = language;
    document.title = language === 'en' ? english.title : title;
    for (const { node, key, vi } of texts) node.textContent = language === 'en' ? english[key] : vi;
    for (const { node, key, vi } of labels) node.ariaLabel = language === 'en' ? english[key] : vi;
    for (const button of document.querySelectorAll('[data-lang]')) button.ariaPressed = button.dataset.lang === language;
    spoken(language);
  }
  for (const button of document.querySelectorAll('[data-lang]')) {
    button.addEventListener('click', () => {
      speak(button.dataset.lang);
      remember('lang', button.dataset.lang);
    });
  }
  // Light: the system's, until the visitor chooses.
  systemIsDark.addEventListener('change', showScheme);
  document.getElementById('scheme').addEventListener('click', () => {
    root.dataset.scheme = isDark() ? 'light' : 'dark';
    showScheme();
    lit(root.dataset.scheme);
    remember('scheme', root.dataset.scheme);
  });

  const given = parameters.get('lang');
  if (given === 'en') remember('lang', given);
  if (['light', 'dark'].includes(parameters.get('scheme'))) {
    root.dataset.scheme = parameters.get('scheme');
    remember('scheme', root.dataset.scheme);
  }
  showScheme();
  speak(given === 'en' ? 'en' : 'vi');
  if (root.dataset.scheme) lit(root.dataset.scheme);
}
