import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { engineCall, engineJson } from './engine-call.ts'
import { type TarEntry, tar } from './tar.ts'

/** What `ensureTestImages` makes. Both test versions serve on 8080; see serve.sh for their settings. */
export const testImages = { pause: 'berth-pause:test', one: 'berth-test:1', two: 'berth-test:2' } as const

const contentLabel = 'berth-test-content'

/** Makes the images of the tests on an engine (`unix://…`) out of Debian's busybox-static. Does nothing where they are. */
export async function ensureTestImages(socket: string): Promise<void> {
  const root = rootFolder()
  const environment = ['ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin']
  await ensureImage(socket, testImages.pause, root, [...environment, 'CMD ["/bin/sh"]'])
  for (const [version, image] of [
    [1, testImages.one],
    [2, testImages.two],
  ] as const) {
    const changes = [...environment, `ENV VERSION=${version}`, 'WORKDIR /srv', 'CMD ["/bin/serve"]']
    await ensureImage(socket, image, [...root, { path: 'version', content: `${version}\n` }], changes)
  }
}

/** Imports one image with these files and Dockerfile lines, unless it is there with the same content. */
export async function ensureImage(
  socket: string,
  image: string,
  files: readonly TarEntry[],
  changes: readonly string[],
): Promise<void> {
  const archive = tar(files)
  const content = createHash('sha256').update(archive).update(changes.join('\n')).digest('hex').slice(0, 16)
  const found = await engineCall(socket, 'GET', `/images/${image}/json`)
  if (found.status === 200 && found.text.includes(content)) return
  const [repo = '', tag = 'latest'] = image.split(':')
  const query = new URLSearchParams({ fromSrc: '-', repo, tag })
  for (const change of [...changes, `LABEL ${contentLabel}=${content}`]) query.append('changes', change)
  const made = await engineCall(socket, 'POST', `/images/create?${query}`, archive, 'application/x-tar')
  if (made.status !== 200 || made.text.includes('"error"')) throw new Error(`import of ${image} failed: ${made.text}`)
  await engineJson(socket, 'GET', `/images/${image}/json`)
}

/** A small root file system: busybox with all its names, and the test server. */
export function rootFolder(): TarEntry[] {
  const busybox = [process.env.BERTH_BUSYBOX ?? '', '/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))
  if (busybox === undefined) throw new Error('the test images need busybox: apt-get install busybox-static')
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')
  const links = applets.filter((name) => name !== '' && name !== 'busybox')
  return [
    ...['bin', 'etc', 'srv'].map((path): TarEntry => ({ path, folder: true })),
    { path: 'tmp', folder: true, mode: 0o1777 },
    { path: 'bin/busybox', content: readFileSync(busybox), mode: 0o755 },
    ...links.map((name): TarEntry => ({ path: `bin/${name}`, link: 'busybox' })),
    { path: 'bin/serve', content: readFileSync(new URL('./serve.sh', import.meta.url)), mode: 0o755 },
    { path: 'etc/passwd', content: 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' },
    { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
  ]
}
