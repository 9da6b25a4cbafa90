'use client';
// The package `twinchat/react`: <TwinChat/>, which hands its props on as properties and events.
//
// React 18 sets nothing but attributes on custom elements, and no version of it can name an event with a dot in JSX.

import { createElement, forwardRef, useEffect, useImperativeHandle, useRef } from 'react';
import { defineTwinChat } from './index.js';

/** Each event's prop: `onThreadChange` hears `twinchat.thread.change`. */
const EVENTS = [
  'ready', 'connected', 'opened', 'closed', 'twin.change', 'thread.change', 'message.sent', 'response.start', 'response.end',
  'unread.change', 'identity.change', 'error',
];
/** The element's options; all other props are the element's as any element has them. */
const OPTIONS = [
  'proxy', 'twin', 'thread', 'mode', 'locale', 'colorScheme', 'accent', 'position', 'heading', 'greeting', 'starters', 'imageOrigins',
  'launcher', 'load', 'restore', 'frame', 'getToken', 'open',
];

const propOf = (event) => 'on' + event.replace(/(?:^|\.)([a-z])/g, (_, letter) => letter.toUpperCase());
const attributeOf = (name) => name.replace(/[A-Z]/g, '-$&').toLowerCase();
const asText = (value) => [].concat(value).join('|');

export const TwinChat = /* @__PURE__ */ forwardRef(function TwinChat(props, ref) {
  const element = useRef(null);
  const listeners = useRef(props);
  const rest = {};
  const before = useRef({});
  for (const name in props) {
    if (OPTIONS.includes(name)) {
      // What a server draws is an attribute; afterwards the effect below keeps it up to date.
      const isText = name !== 'getToken' && name !== 'open' && props[name] != null;
      if (isText) rest[attributeOf(name)] = asText(props[name]);
    } else if (!EVENTS.some((event) => propOf(event) === name)) {
      rest[name === 'className' ? 'class' : name] = props[name];
    }
  }
  useImperativeHandle(ref, () => element.current, []);
  useEffect(() => {
    const node = element.current;
    const offs = EVENTS.map((event) => {
      const listener = (happened) => listeners.current[propOf(event)]?.(happened);
      node.addEventListener('twinchat.' + event, listener);
      return () => node.removeEventListener('twinchat.' + event, listener);
    });
    return () => offs.forEach((off) => off());
  }, []);
  useEffect(() => {
    listeners.current = props;
    if (element.current.getToken !== props.getToken) element.current.getToken = props.getToken;
    // Only what the page says anew: the visitor may have closed the panel meanwhile.
    if (before.current.open !== props.open && (props.open != null || before.current.open != null)) {
      element.current.toggleAttribute('open', !!props.open);
    }
    before.current = props;
  });
  useEffect(defineTwinChat, []);
  // React 19 would assign a property where there is one; an attribute is right for both.
  return createElement('twin-chat', { ...rest, ref: element, suppressHydrationWarning: true });
});
