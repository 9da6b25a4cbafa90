// npm/custom-elements.json: what editors and catalogues read of <twin-chat>, made from npm/index.d.ts.
//
//   node xtask/manifest.mjs        writes it; tests/e2e/package.test.mjs fails when it is not up to date

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const attributeOf = (name) => name.replace(/[A-Z]/g, '-$&').toLowerCase();
/** Options that are no attribute. */
const NO_ATTRIBUTE = ['getToken'];

/** The text of the comment above a declaration, and its @default. */
function said(node) {
  const comment = node.jsDoc?.at(-1);
  const text = ts.getTextOfJSDocComment(comment?.comment) ?? '';
  const tag = comment?.tags?.find(({ tagName }) => tagName.text === 'default');
  const value = tag && ts.getTextOfJSDocComment(tag.comment);
  return { description: text, ...(value && { default: value }) };
}

/** The manifest of what the file declares, as JSON. */
export async function manifest(path) {
  const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const named = (name) => source.statements.find((statement) => statement.name?.text === name);
  const nameOf = (member) => member.name.text;
  const type = (node) => ({ text: node.getText(source).replace(/Property<'(\w+)'>/g, (_, name) => optionType(name)).replace(/\s+/g, ' ') });
  const options = named('TwinChatOptions').members;
  const optionType = (name) => options.find((option) => nameOf(option) === name).type.getText(source);
  const element = named('TwinChatElement');

  const attributes = options.filter((option) => !NO_ATTRIBUTE.includes(nameOf(option))).map((option) => ({
    name: attributeOf(nameOf(option)), ...said(option), type: type(option.type), fieldName: nameOf(option) === 'open' ? 'isOpen' : nameOf(option),
  }));
  const fields = options.filter((option) => nameOf(option) !== 'open').map((option) => ({
    kind: 'field', name: nameOf(option), ...said(option), type: type(option.type),
    ...(!NO_ATTRIBUTE.includes(nameOf(option)) && { attribute: attributeOf(nameOf(option)), reflects: true }),
  }));
  const own = element.members.filter((member) => ts.isPropertyDeclaration(member) && !fields.some(({ name }) => name === nameOf(member)));
  const others = own.map((member) => {
    const has = (kind) => member.modifiers?.some((modifier) => modifier.kind === kind);
    return {
      kind: 'field', name: nameOf(member), ...said(member), type: type(member.type),
      ...(has(ts.SyntaxKind.StaticKeyword) && { static: true }), ...(has(ts.SyntaxKind.ReadonlyKeyword) && { readonly: true }),
    };
  });
  const opens = element.members.find((member) => ts.isGetAccessor(member) && nameOf(member) === 'open');
  const methods = element.members.filter((member) => ts.isMethodDeclaration(member) && nameOf(member) !== 'addEventListener').map((member) => ({
    kind: 'method', name: nameOf(member), ...said(member), return: { type: type(member.type) },
    ...(member.parameters.length && { parameters: member.parameters.map((parameter) => ({ name: parameter.name.getText(source), type: type(parameter.type) })) }),
  }));
  methods.unshift({ kind: 'method', name: 'open', ...said(opens), return: { type: { text: 'Promise<void>' } } });

  const events = named('TwinChatEventMap').members.map((member) => ({ name: nameOf(member), ...said(member), type: type(member.type) }));
  const cssProperties = named('TwinChatCssProperties').members.map((member) => ({ name: nameOf(member), ...said(member) }));
  const cssParts = named('TwinChatParts').members.map((member) => ({ name: nameOf(member), ...said(member) }));
  const declaration = {
    kind: 'class', name: 'TwinChatElement', ...said(element), customElement: true, tagName: 'twin-chat', superclass: { name: 'HTMLElement' },
    attributes, members: [...fields, ...others, ...methods], events, cssProperties, cssParts,
  };
  const exported = (name) => ({ kind: 'js', name, declaration: { name, module: 'index.js' } });
  const modules = [{
    kind: 'javascript-module', path: 'index.js',
    declarations: [declaration, { kind: 'function', name: 'defineTwinChat', ...said(named('defineTwinChat')) }],
    exports: [
      exported('TwinChatElement'), exported('defineTwinChat'),
      { kind: 'custom-element-definition', name: 'twin-chat', declaration: { name: 'TwinChatElement', module: 'index.js' } },
    ],
  }];
  return `${JSON.stringify({ schemaVersion: '2.1.0', readme: 'README.md', modules }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const npm = new URL('../npm/', import.meta.url);
  await writeFile(new URL('custom-elements.json', npm), await manifest(fileURLToPath(new URL('index.d.ts', npm))));
}
