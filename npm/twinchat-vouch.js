// Hears when a page gives its getToken late, as the script that knows who is signed in may come after the chat's.

/** From now on calls `tell` when `host` has a getToken and had none. */
export function onGetToken(host, tell) {
  let { getToken } = host;
  Object.defineProperty(host, 'getToken', {
    configurable: true,
    enumerable: true,
    get: () => getToken,
    set(value) {
      const isNew = value && !getToken;
      getToken = value;
      if (isNew) tell();
    },
  });
}
