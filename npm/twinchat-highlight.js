// Colours code. Fetched when an answer first has code in a language.
//
// The document is left alone: words get their colours by the CSS Custom Highlight API, so that nodes, selections and
// what is copied stay as they are. Only code that can be seen has ranges, since browsers walk over all ranges whenever
// the page changes. Without the API code stays plain.

const LONGEST = 30_000; // characters of a block that are coloured; the rest stays plain
const KINDS = ['comment', 'string', 'number', 'keyword', 'name'];

const words = (text) => new Set(text.split(' '));
const C_LIKE = `abstract as async await bool boolean break byte case catch char class const constexpr continue crate default defer delete do
double dyn else enum export extends extern false final finally float fn for foreach from fun func function go goto guard if impl implements
import in inline instanceof int interface internal is let long loop match mod module move mut mutable namespace new nil null nullptr object of
operator out override package private protected protocol pub public readonly ref return satisfies sealed select self short signed sizeof static
string struct super switch template this throw throws trait true try type typeof undefined union unsafe unsigned use using val var virtual void
volatile when where while yield`.replace(/\s+/g, ' ');
const HASHED = `alias and as assert async await begin break case class continue def del do done echo elif else elsif end ensure esac except export
false fi finally for from function global if import in is lambda local match module nil none None nonlocal not null or pass raise redo require
rescue retry return select self source super switch then true True False try undef unless until when while with yield`.replace(/\s+/g, ' ');
const SQL = `add all alter and as asc between by case check column constraint create cross database default delete desc distinct drop else end exists
false foreign from full group having if in index inner insert into is join key left like limit not null offset on or order outer primary
references returning right select set table then true union unique update values view when where with`.replace(/\s+/g, ' ');

const NUMBER = String.raw`(?<number>\b(?:0[xob][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\w*)`;
const WORD = String.raw`(?<word>[A-Za-z_$][\w$]*)(?<call>(?=\())?`;
const QUOTED = String.raw`"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?`;

// Each alternative begins with something of its own and never goes back over what it took: time grows with the text only.
const FAMILIES = {
  c: { keywords: words(C_LIKE), pattern: String.raw`(?<comment>\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?)|(?<string>${QUOTED}|${'`'}(?:[^${'`'}\\]|\\[^])*${'`'}?)|${NUMBER}|${WORD}` },
  hash: { keywords: words(HASHED), pattern: String.raw`(?<comment>#[^\n]*)|(?<string>"""(?:[^"]|"(?!""))*(?:""")?|'''(?:[^']|'(?!''))*(?:''')?|${QUOTED})|${NUMBER}|${WORD}` },
  sql: { keywords: words(SQL), anyCase: true, pattern: String.raw`(?<comment>--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?)|(?<string>'(?:[^']|'')*'?)|${NUMBER}|${WORD}` },
  markup: { keywords: words(''), pattern: String.raw`(?<comment><!--(?:[^-]|-(?!->))*(?:-->)?)|(?<string>"[^"<>]*"|'[^'<>]*')|(?<keyword><\/?[A-Za-z][\w:-]*|\/?>)|(?<name>(?<![\w:-])[\w:-]+(?==))|&\w+;` },
  css: { keywords: words(''), pattern: String.raw`(?<comment>\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?)|(?<string>${QUOTED})|(?<keyword>@[\w-]+|--[\w-]+)|(?<name>(?<![\w-])[A-Za-z-]+(?=\s{0,9}:))|(?<number>#[\da-fA-F]{3,8}\b|\b\d+(?:\.\d+)?(?:%|[a-z]+)?)` },
  data: { keywords: words('true false null yes no on off True False'), pattern: String.raw`(?<comment>(?:^|(?<=\s))#[^\n]*|\/\/[^\n]*)|(?<name>"(?:[^"\\\n]|\\.)*"(?=\s{0,9}:)|(?<![\w.-])[A-Za-z_][\w.-]*(?=\s{0,9}[:=])|^\[[^\]\n]*\](?=\s{0,9}\n))|(?<string>${QUOTED})|${NUMBER}|${WORD}` },
  diff: { keywords: words(''), pattern: String.raw`(?<string>^\+[^\n]*)|(?<keyword>^-[^\n]*)|(?<comment>^@@[^\n]*)` },
};

const LANGUAGES = Object.fromEntries(Object.entries({
  c: 'c h cpp c++ cc cxx hpp cs csharp java js javascript jsx mjs cjs ts typescript tsx rust rs go golang swift kotlin kt scala dart php groovy objc zig solidity',
  hash: 'py python rb ruby sh bash shell zsh console fish perl pl r julia elixir ex nim dockerfile docker make makefile cmake powershell ps1 nix awk',
  sql: 'sql mysql postgres postgresql sqlite plsql tsql',
  markup: 'html xml svg xhtml vue svelte astro',
  css: 'css scss less sass',
  data: 'json jsonc json5 yaml yml toml ini conf env properties graphql',
  diff: 'diff patch',
}).flatMap(([family, names]) => names.split(' ').map((name) => [name, FAMILIES[family]])));

// Of blocks: a browser works these out for every element that they match.
const RULES = `@media not (forced-colors:active){${[
  ['', ['#5d6773', '#8a4b00', '#0b61a4', '#9a2273', '#3d4fb8']],
  ['[data-scheme=dark] ', ['#9aa5b1', '#e8b277', '#7cc0f4', '#f29ad0', '#aab6ff']],
].map(([scheme, colours]) => {
  const rules = (root) => KINDS.map((kind, at) => `${root}pre code::highlight(tc-${kind}){color:${colours[at]}}`).join('');
  return scheme ? `${rules('.tc-root[data-scheme=dark] ')}@media (prefers-color-scheme:dark){${rules('.tc-root:not([data-scheme=light]) ')}}` : rules('');
}).join('')}}`;

const known = new WeakMap(); // element to the code block and part that it is
const dressed = new WeakSet();
let sheet;

/** The pieces of a text that have a colour, from a place where no piece is open: `[kind, begin, end]`. */
export function* pieces(text, language, from = 0) {
  const family = LANGUAGES[language.toLowerCase()];
  if (!family) return;
  const pattern = new RegExp(family.pattern, 'gm');
  pattern.lastIndex = from;
  for (let found; (found = pattern.exec(text));) {
    if (!found[0]) pattern.lastIndex += 1;
    const { word, call, ...groups } = found.groups;
    const end = found.index + found[0].length;
    if (word !== undefined) {
      if (family.keywords.has(family.anyCase ? word.toLowerCase() : word)) yield ['keyword', found.index, end];
      else if (call !== undefined) yield ['name', found.index, end];
    } else {
      const kind = KINDS.find((kind) => groups[kind] !== undefined);
      if (kind) yield [kind, found.index, end];
    }
  }
}

/** A highlight of the page that all widgets share. */
const highlightOf = (kind) => {
  const name = `tc-${kind}`;
  if (!CSS.highlights.has(name)) CSS.highlights.set(name, new Highlight());
  return CSS.highlights.get(name);
};

/** What is known of a code block. Long code goes on in elements of its own; each of them, and what stands before them, is a part. */
class Painted {
  constructor(code) {
    this.code = code;
    this.language = code.className.replace('language-', '');
    this.pieces = [];
    this.length = 0;
    this.parts = [];
  }

  /** Reads on where the text has grown: from the beginning of the last line without an open piece. */
  read() {
    if (this.length === LONGEST) return;
    let text = '';
    [this.code, ...this.code.children].forEach((element, at) => {
      const part = this.parts[at]?.element === element ? this.parts[at] : this.begin(element, at);
      part.nodes = [...element.childNodes].filter(({ data }) => data !== undefined);
      part.start = text.length;
      text += part.nodes.map(({ data }) => data).join('');
    });
    text = text.slice(0, LONGEST);
    if (text.length === this.length) return;
    let from = text.lastIndexOf('\n', this.length - 1) + 1;
    while (this.pieces.at(-1)?.[2] >= from) from = Math.min(from, text.lastIndexOf('\n', this.pieces.pop()[1] - 1) + 1);
    for (const part of this.parts) part.clear(from);
    this.length = text.length;
    for (const piece of pieces(text, this.language, from)) this.pieces.push(piece);
    for (const part of this.parts) if (part.visible) part.paint(this.pieces);
  }

  begin(element, at) {
    this.parts[at]?.clear();
    const part = new Part(element);
    known.set(element, [this, part]);
    seen.observe(element);
    return (this.parts[at] = part);
  }
}

/** Ranges over the text nodes of a part, as long as it can be seen. */
class Part {
  constructor(element) {
    this.element = element;
    this.ranges = []; // [highlight, range, end], in their order
  }

  /** Takes away what ends after this place. */
  clear(from = -1) {
    while (this.ranges.at(-1)?.[2] > from) {
      const [highlight, range] = this.ranges.pop();
      highlight.delete(range);
    }
  }

  /** Adds what is missing. */
  paint(all) {
    const done = this.ranges.at(-1)?.[2] ?? this.start;
    const whole = this.start + this.nodes.reduce((sum, { length }) => sum + length, 0);
    let [node, start] = [0, this.start];
    const place = (at) => {
      while (at > start + this.nodes[node].length) start += this.nodes[node++].length;
      return [this.nodes[node], at - start];
    };
    for (const [kind, from, to] of all) {
      const [begin, end] = [Math.max(from, this.start), Math.min(to, whole)];
      if (begin >= end || begin < done) continue;
      const [startContainer, startOffset] = place(begin);
      const [endContainer, endOffset] = place(end);
      const range = new StaticRange({ startContainer, startOffset, endContainer, endOffset });
      const highlight = highlightOf(kind);
      highlight.add(range);
      this.ranges.push([highlight, range, end]);
    }
  }
}

const seen = globalThis.IntersectionObserver && new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const [{ pieces }, part] = known.get(target);
    part.visible = isIntersecting;
    if (isIntersecting) part.paint(pieces);
    else part.clear();
    if (!target.isConnected) {
      seen.unobserve(target);
      known.delete(target);
    }
  }
}, { rootMargin: '200px', scrollMargin: '200px' });

/** Colours these `code` elements, which may still be growing: called again when they have grown. */
export function highlight(codes) {
  if (!globalThis.CSS?.highlights || !seen) return;
  for (const code of codes) {
    if (!code.isConnected) continue;
    if (known.has(code)) {
      known.get(code)[0].read();
      continue;
    }
    if (!LANGUAGES[code.className.replace('language-', '').toLowerCase()]) continue;
    const root = code.getRootNode();
    if (!dressed.has(root) && root.adoptedStyleSheets) {
      dressed.add(root);
      if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(RULES);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    }
    new Painted(code).read();
  }
}
