// The demo's images, made of busybox, and that of the node container, made of Debian packages: no registry is needed.
import { readFileSync } from 'node:fs'
import { engineCall } from '../../test/support/engine-call.ts'
import { ensureImage, rootFolder } from '../../test/support/images.ts'
import { ensureNodeImage } from '../../test/support/node-image.ts'

export const pauseImage = 'berth-pause:local'
export const nodeImage = 'berth-node:local'
export const shopImages = ['shop-web:1', 'shop-web:2', 'shop-api:1', 'shop-api:2'] as const

/** Makes the pause image, the node image and two versions of both parts of the shop, unless the engine (`unix://…`) has them. */
export async function ensureDemoImages(host: string, say: (text: string) => void): Promise<void> {
  const path = 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin'
  const root = rootFolder()
  await ensureImage(host, pauseImage, root, [path, 'CMD ["/bin/sh"]'])
  // Debian's packages are for Debian; a registry and its mirrors are for everybody.
  await ensureNodeImage(host, nodeImage).catch((error: Error) =>
    say(`${error.message}\nberth has the engine build the image of the node container`),
  )
  const server = { path: 'bin/shop', content: readFileSync(new URL('./shop.sh', import.meta.url)), mode: 0o755 }
  for (const image of shopImages) {
    const [part = '', version = ''] = image.split(':')
    const settings = [path, `ENV VERSION=${version}`, `ENV SHOP_PART=${part}`, 'EXPOSE 8080', 'CMD ["/bin/shop"]']
    await ensureImage(host, image, [...root, server], settings)
  }
}

/** Removes them where nothing uses them any more. */
export async function removeDemoImages(host: string): Promise<void> {
  for (const image of [pauseImage, nodeImage, ...shopImages]) await engineCall(host, 'DELETE', `/images/${image}`)
}
