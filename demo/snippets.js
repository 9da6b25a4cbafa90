// The lines to paste for what was chosen, one text for each way to embed. Pure: options in, texts out.

/** Every option of the playground with its default (npm/index.d.ts); what is as by default is not written. */
export const DEFAULTS = {
  mode: 'bubble', position: 'right', accent: '', colorScheme: 'auto', locale: '', heading: '', greeting: '', starters: [], launcher: 'show',
  load: 'intent', restore: true, frame: false,
};
/** Likewise the custom properties of CSS. */
export const PROPERTIES = { '--tc-radius': '20px', '--tc-font-size': '15px', '--tc-width': '400px' };

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const chosen = (options, defaults) => Object.entries(options).filter(([name, value]) => name in defaults && !same(value, defaults[name]));
const attributeOf = (name) => name.replace(/[A-Z]/g, '-$&').toLowerCase();
const asText = (value) => [].concat(value).join('|');
const escaped = (text) => asText(text).replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
const quoted = (value) => (typeof value === 'string' ? `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'` : Array.isArray(value) ? `[${value.map(quoted).join(', ')}]` : String(value));
const inJsx = (value) => (typeof value === 'string' && !/["{}<>&\\\n]/.test(value) ? `"${value}"` : `{${quoted(value)}}`);
/** In one line where there is room, else one to a line. */
const spread = (before, parts, after, indent) => {
  const line = [before, ...parts].join(' ') + after;
  return line.length <= 88 ? line : [before, ...parts.map((part) => `${indent}  ${part}`)].join('\n') + after;
};

function styles(properties) {
  const lines = chosen(properties, PROPERTIES).map(([name, value]) => `    ${name}: ${value};`);
  return lines.length ? `<style>\n  twin-chat {\n${lines.join('\n')}\n  }\n</style>\n` : '';
}

function tag(proxy, options, properties) {
  const parts = chosen(options, DEFAULTS).map(([name, value]) => `data-${attributeOf(name)}="${escaped(value)}"`);
  return `${styles(properties)}${spread(`<script type="module" src="${proxy}/twinchat.js"`, parts, '></script>', '')}\n`;
}

function npm(proxy, options, properties) {
  const lines = [['proxy', proxy], ...chosen(options, DEFAULTS)].map(([name, value]) => `  ${name}: ${quoted(value)},`);
  const look = chosen(properties, PROPERTIES).map(([name, value]) => `chat.style.setProperty('${name}', '${value}');\n`);
  return `import { defineTwinChat } from 'twinchat';\n\ndefineTwinChat();\nconst chat = document.createElement('twin-chat');\nchat.setOptions({\n${lines.join('\n')}\n});\n${look.join('')}document.body.append(chat);\n`;
}

function react(proxy, options, properties) {
  const parts = [['proxy', proxy], ...chosen(options, DEFAULTS)].map(([name, value]) => (value === true ? name : `${name}=${inJsx(value)}`));
  const look = chosen(properties, PROPERTIES).map(([name, value]) => `'${name}': '${value}'`);
  if (look.length) parts.push(`style={{ ${look.join(', ')} } as React.CSSProperties}`);
  const element = `    <TwinChat\n${parts.map((part) => `      ${part}`).join('\n')}\n    />`;
  return `import { TwinChat } from 'twinchat/react';\n\nexport function Chat() {\n  return (\n${element}\n  );\n}\n`;
}

function frame(proxy, options, properties) {
  if (options.mode === 'bubble') return tag(proxy, { ...options, frame: true }, properties);
  const { locale, mode, accent, colorScheme, heading, greeting, starters } = options;
  const wanted = Object.fromEntries(chosen({ accent, colorScheme, heading, greeting, starters }, DEFAULTS).map(([name, value]) => [name, asText(value)]));
  const query = new URLSearchParams({ mode, ...(locale && { lang: locale, locale }), ...wanted });
  return `<iframe src="${proxy}/frame?${escaped(query.toString())}"\n  title="Chat" width="420" height="640"></iframe>\n`;
}

const TYPES = "require-trusted-types-for 'script'; trusted-types 'none'";
/** The strictest policy for each way, as docs/embedding.md has them. */
const POLICIES = {
  script: (proxy) => `default-src 'none'; script-src ${proxy} 'wasm-unsafe-eval'; connect-src ${proxy}; img-src ${proxy}; ${TYPES}`,
  npm: (proxy) => `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${proxy}; img-src ${proxy}; ${TYPES}`,
  frame: (proxy) => `default-src 'none'; script-src ${proxy}; frame-src ${proxy}; ${TYPES}`,
};

/** What to paste, and the policy it runs under; `kind` is `script`, `npm`, `react` or `frame`. */
export function snippet(kind, { proxy, options, properties }) {
  const text = { script: tag, npm, react, frame }[kind](proxy, options, properties);
  const framed = kind === 'frame' || options.frame;
  const policy = text.startsWith('<iframe') ? `default-src 'none'; frame-src ${proxy}` : POLICIES[framed && kind !== 'npm' && kind !== 'react' ? 'frame' : kind === 'react' ? 'npm' : kind](proxy);
  return { text, policy };
}
