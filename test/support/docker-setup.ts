import { ensureTestImages } from './images.ts'

/** Before the first test with an engine: workers that all find the images missing would each make their own. */
export async function setup(): Promise<void> {
  const socket = process.env.BERTH_TEST_DOCKER
  if (socket !== undefined) await ensureTestImages(socket)
}
