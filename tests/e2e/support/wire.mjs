// A wire between browser and server that keeps every byte and can be cut.
//
// It works on TCP, below everything that could help a client notice or recover: what it cuts is cut as by a router.

import { createWriteStream } from 'node:fs';
import net from 'node:net';

/**
 * @param {number} port where the server is
 * @param {string} record the file that gets every byte of both directions
 */
export async function layWire(port, record) {
  const tape = createWriteStream(record, { flags: 'a' });
  const lines = new Set();
  let down = false;
  let cutting; // { after: bytes of a stream still to let through, done }
  let streams = 0;

  const server = net.createServer((browser) => {
    if (down) return browser.resetAndDestroy();
    const upstream = net.connect(port, '127.0.0.1');
    const line = { cut: () => [browser, upstream].forEach((end) => end.resetAndDestroy()), streaming: false };
    lines.add(line);
    const over = () => {
      lines.delete(line);
      browser.destroy();
      upstream.destroy();
    };
    for (const end of [browser, upstream]) end.setNoDelay(true).on('error', over).on('close', over);
    browser.on('data', (bytes) => {
      tape.write(bytes);
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      tape.write(bytes);
      const head = bytes.toString('latin1');
      if (/^HTTP\/1\.1 /.test(head)) {
        line.streaming = /^content-type: text\/event-stream/im.test(head.split('\r\n\r\n')[0]);
        if (line.streaming) streams += 1;
      }
      if (cutting && line.streaming) {
        cutting.after -= bytes.length;
        if (cutting.after <= 0) {
          // A part of the last chunk still arrives, so that the cut falls inside an event and inside a character.
          browser.write(bytes.subarray(0, Math.max(1, bytes.length + cutting.after)));
          cutting.done();
          cutting = undefined;
          return setImmediate(line.cut);
        }
      }
      browser.write(bytes);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: server.address().port,
    /** How many event streams have been opened over it. */
    get streams() {
      return streams;
    },
    /** Cuts the next event stream once this many bytes of it have passed; the promise tells when that was. */
    cutStreamAfter(bytes) {
      return new Promise((done) => {
        cutting = { after: bytes, done };
      });
    },
    /** Cuts everything and refuses what comes, until `up()`. */
    down() {
      down = true;
      for (const line of lines) line.cut();
    },
    up() {
      down = false;
    },
    async close() {
      for (const line of lines) line.cut();
      await new Promise((resolve) => server.close(resolve));
      await new Promise((resolve) => tape.end(resolve));
    },
  };
}
