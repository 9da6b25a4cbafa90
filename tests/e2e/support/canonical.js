// Two documents compared as CommonMark's own test suite compares HTML: white space around blocks does not matter.
// Runs in the page.

const BLOCKS = new Set(['p', 'ul', 'ol', 'li', 'div', 'blockquote', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'pre', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'br']);
const ATTRIBUTES = ['align', 'alt', 'checked', 'disabled', 'href', 'src', 'start', 'title', 'type'];
const ALLOWED = /^(?:https?:\/\/[^\s/?#@]+(?:[/?#]|$)|mailto:.|tel:.|(?![a-z][a-z0-9+.-]*:)(?!\/\/))/i;

const name = (node) => (node instanceof Element ? node.localName : '');
const isBlock = (node) => BLOCKS.has(name(node));

/** What an answer shows, in CommonMark's terms: without frames and buttons. */
function* shown(parent) {
  for (const node of parent.childNodes) {
    if (!(node instanceof Element)) yield node;
    else if (node.matches('.tc-code, .tc-table, .tc-part')) yield* shown(node);
    else if (!node.matches('.tc-copy')) yield node;
  }
}

/** @returns {string} */
export function canonical(root) {
  let out = '';
  const write = (parent, inPre) => {
    const nodes = [...shown(parent)];
    nodes.forEach((node, index) => {
      if (!(node instanceof Element)) {
        let text = node.data;
        if (!inPre) {
          const first = index === 0 ? isBlock(parent) : isBlock(nodes[index - 1]);
          const last = index === nodes.length - 1 ? isBlock(parent) : isBlock(nodes[index + 1]);
          if (first) text = text.replace(/^\s+/, '');
          if (last) text = text.replace(/\s+$/, '');
        }
        out += text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
        return;
      }
      let tag = name(node);
      const values = Object.fromEntries(ATTRIBUTES.map((key) => [key, node.getAttribute(key)]).filter(([, value]) => value !== null));
      if (node.matches('.tc-image-off')) {
        // Held back: what it would show.
        out += `<img alt="${node.dataset.alt}" src="${node.dataset.src}"${node.title ? ` title="${node.title}"` : ''}></img>`;
        return;
      }
      if (tag === 'a' && !ALLOWED.test(values.href ?? '')) tag = 'span';
      if (tag === 'span') Object.keys(values).forEach((key) => delete values[key]);
      const language = tag === 'code' && [...node.classList].find((word) => word.startsWith('language-'));
      if (language) values.class = language;
      const written = Object.keys(values).sort().map((key) => ` ${key}="${values[key]}"`).join('');
      out += `<${tag}${written}>`;
      write(node, inPre || tag === 'pre');
      out += `</${tag}>`;
    });
  };
  write(root, false);
  return out;
}

/** The same of a text of HTML. */
export const canonicalOf = (html) => canonical(new DOMParser().parseFromString(html, 'text/html').body);
