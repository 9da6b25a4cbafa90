// Compares pictures, in a page: a browser can read, draw and write them.

/** So far apart (of 255) two colours may be before their pixels count as different: edges of letters. */
const COLOUR = 48;
/** Such a part of all pixels may differ. */
const PART = 0.001;

export async function openJudge(browser) {
  const page = await browser.newPage();
  await page.evaluate(() => {
    const draw = async (bytes, type) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], { type }));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      return { canvas, context, width: bitmap.width, height: bitmap.height };
    };
    const base64 = async (blob) => {
      const url = await new Promise((done) => Object.assign(new FileReader(), { onload: ({ target }) => done(target.result) }).readAsDataURL(blob));
      return url.split(',')[1];
    };
    globalThis.encode = async (png) => {
      const { canvas, context, width, height } = await draw(png, 'image/png');
      const pixels = context.getImageData(0, 0, width, height);
      // Sixteen shades of each colour tell as much, in a third of the bytes.
      pixels.data.forEach((value, at) => (pixels.data[at] = Math.round(value / 17) * 17));
      context.putImageData(pixels, 0, 0);
      return base64(await canvas.convertToBlob({ type: 'image/webp', quality: 1 }));
    };
    globalThis.compare = async (png, webp, limit) => {
      const [is, was] = [await draw(png, 'image/png'), await draw(webp, 'image/webp')];
      if (is.width !== was.width || is.height !== was.height) return { size: `${is.width} × ${is.height} instead of ${was.width} × ${was.height}`, part: 1 };
      const [a, b] = [is, was].map(({ context, width, height }) => context.getImageData(0, 0, width, height).data);
      const marked = is.context.getImageData(0, 0, is.width, is.height);
      let different = 0;
      for (let at = 0; at < a.length; at += 4) {
        const apart = Math.max(Math.abs(a[at] - b[at]), Math.abs(a[at + 1] - b[at + 1]), Math.abs(a[at + 2] - b[at + 2]));
        if (apart <= limit) continue;
        different += 1;
        marked.data.set([255, 0, 128, 255], at);
      }
      is.context.putImageData(marked, 0, 0);
      return { part: different / (a.length / 4), marked: different ? await base64(await is.canvas.convertToBlob({ type: 'image/png' })) : '' };
    };
  });
  return {
    /** The picture as lossless WebP, in 4096 colours. */
    encode: async (png) => Buffer.from(await page.evaluate((bytes) => globalThis.encode(bytes), png.toString('base64')), 'base64'),
    /** Whether they look the same; `marked` shows where not. */
    async compare(png, webp) {
      const told = await page.evaluate(([a, b, limit]) => globalThis.compare(a, b, limit), [png.toString('base64'), webp.toString('base64'), COLOUR]);
      return { ...told, same: told.part <= PART, marked: Buffer.from(told.marked ?? '', 'base64') };
    },
  };
}
