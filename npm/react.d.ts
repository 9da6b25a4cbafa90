import type { ForwardRefExoticComponent, HTMLAttributes, RefAttributes } from 'react';
import type { TwinChatElement, TwinChatEventMap, TwinChatOptions } from './index.js';

/** The events as props: `onThreadChange` hears `twinchat.thread.change`. Each is called with the event. */
export interface TwinChatHandlers {
  onReady?: (event: TwinChatEventMap['twinchat.ready']) => void;
  onConnected?: (event: TwinChatEventMap['twinchat.connected']) => void;
  onOpened?: (event: TwinChatEventMap['twinchat.opened']) => void;
  onClosed?: (event: TwinChatEventMap['twinchat.closed']) => void;
  onTwinChange?: (event: TwinChatEventMap['twinchat.twin.change']) => void;
  onThreadChange?: (event: TwinChatEventMap['twinchat.thread.change']) => void;
  onMessageSent?: (event: TwinChatEventMap['twinchat.message.sent']) => void;
  onResponseStart?: (event: TwinChatEventMap['twinchat.response.start']) => void;
  onResponseEnd?: (event: TwinChatEventMap['twinchat.response.end']) => void;
  onUnreadChange?: (event: TwinChatEventMap['twinchat.unread.change']) => void;
  onIdentityChange?: (event: TwinChatEventMap['twinchat.identity.change']) => void;
  onError?: (event: TwinChatEventMap['twinchat.error']) => void;
}

/** The options, the events, and whatever any element has. */
export type TwinChatProps = TwinChatOptions & TwinChatHandlers & Omit<HTMLAttributes<TwinChatElement>, keyof TwinChatOptions | keyof TwinChatHandlers>;

/**
 * `<twin-chat>` for React 18 and 19. It registers the element, works when rendered on a server, and gives the element itself
 * as its `ref`, for calls such as `ref.current.open()`.
 */
export declare const TwinChat: ForwardRefExoticComponent<TwinChatProps & RefAttributes<TwinChatElement>>;
