import { ensureTestImages } from './images.ts'
import { ensureNodeImage } from './node-image.ts'

/** Before the first test with an engine: workers that all find the images missing would each make their own. */
export async function setup(): Promise<void> {
  const socket = process.env.BERTH_TEST_DOCKER
  if (socket === undefined) return
  await ensureTestImages(socket)
  // Where it cannot be made, only the tests that need it fail.
  await ensureNodeImage(socket).catch((error: unknown) => console.error(error))
}
