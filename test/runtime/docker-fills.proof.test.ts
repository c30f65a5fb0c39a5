import { afterEach, beforeEach, expect, test } from 'vitest'
import { keyOf } from '../../src/base/key.ts'
import type { Runtime, VolumeFill } from '../../src/runtime/port.ts'
import { engineJson } from '../support/engine-call.ts'
import { testImages } from '../support/images.ts'
import { type DockerWorld, dockerWorld } from './docker-world.ts'
import { until } from './samples.ts'
import { claimVolume } from './volume-samples.ts'

let world: DockerWorld
let runtime: Runtime
beforeEach(async () => {
  world = await dockerWorld()
  runtime = world.runtime
  await runtime.createVolume(world.host, claimVolume())
  await runtime.createVolume(world.host, claimVolume(target))
})
afterEach(() => world.close())

const target = { namespace: 'shop-blue', subject: 'PersistentVolumeClaim/data' }
const copy = keyOf({ namespace: 'shop-blue', kind: 'PersistentVolumeClaim', name: 'data' })
const fillOf = (limitBytes = 2 ** 30): VolumeFill => ({
  ...target,
  ...{ from: { namespace: 'shop', subject: target.subject }, limitBytes },
})

/** Runs a script in a container with both volumes, at /a and /b; answers its id once it runs. */
async function inside(script: string): Promise<string> {
  const { socket } = world.docker
  const body = {
    Image: testImages.one,
    Entrypoint: ['sh', '-c', `${script}\nexec sleep 600`],
    Labels: { 'berth.dev/engine': world.engine },
    HostConfig: { Binds: [`${world.engine}_shop_data:/a`, `${world.engine}_shop-blue_data:/b`] },
  }
  const { Id: id } = await engineJson<{ Id: string }>(socket, 'POST', '/containers/create', body)
  await engineJson(socket, 'POST', `/containers/${id}/start`)
  return id
}

/** Until a container has printed that its script is done. */
async function written(id: string): Promise<void> {
  for (let turn = 0; turn < 600; turn += 1) {
    if ((await world.exec(id, 'ls', '/b')).includes('ready')) return
    await new Promise((next) => setTimeout(next, 100))
  }
  throw new Error('nothing was written')
}

const filling = () => runtime.volumesOf(copy).find(({ detail }) => detail === '')?.filling

async function fill(limitBytes?: number): Promise<void> {
  await runtime.fillVolume(world.host, fillOf(limitBytes))
  const isWhole = (): boolean => runtime.volumesOf(copy).some(({ detail }) => detail === 'filled')
  await until(runtime, isWhole, 'the volume is filled')
}

async function helpers(): Promise<{ Id: string; HostConfig: unknown }[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${world.engine}`, 'berth.dev/fill'] }))
  return engineJson(world.docker.socket, 'GET', `/containers/json?all=1&filters=${filters}`)
}

async function noHelpers(): Promise<void> {
  for (let turn = 0; turn < 300 && (await helpers()).length > 0; turn += 1)
    await new Promise((next) => setTimeout(next, 100))
  expect(await helpers()).toEqual([])
}

const special = `cd /a; umask 022
echo text >'odd "name" %'; mkdir -p deep/er; echo more >deep/er/file; ln deep/er/file deep/link; ln -s ../deep soft
ln -s /etc/passwd out; mkfifo pipe; mknod null c 1 3; chown 1234:5678 deep/er/file; chmod 4750 deep/er/file
touch -d '2001-02-03 04:05:06' deep/er; dd if=/dev/zero of=sparse bs=1k seek=65536 count=0 2>/dev/null
chown 999:999 .; chmod 1700 .; echo left >/b/ready`
const listed = (folder: string) =>
  `cd ${folder}; find . | sort | while read -r one; do
  # Not every cp keeps the times of links themselves.
  if [ -L "$one" ]; then stat -c '%n %F %u:%g' "$one"; readlink "$one"; else stat -c '%n %F %a %u:%g %Y %h %s' "$one"; fi
done`

test('owners, modes, times, links, pipes, devices and odd names are kept; what was there before is gone', async () => {
  const id = await inside(special)
  await written(id)
  await fill()
  const times = / [0-9]{10} /g
  const [a, b] = [await world.exec(id, 'sh', '-c', listed('/a')), await world.exec(id, 'sh', '-c', listed('/b'))]
  expect(b).toBe(a)
  expect(b.split('\n').length).toBeGreaterThan(10)
  expect(b).toMatch(/\.\/deep\/er\/file regular file 4750 1234:5678 \d+ 2 5/)
  expect(b).toMatch(/\.\/null character special file 644 0:0/)
  expect(b).not.toMatch(/ready/)
  expect(b.match(times)?.length).toBeGreaterThan(5)
  await noHelpers()
})

test('files that come and go meanwhile do not fail it', async () => {
  const churn =
    'cd /a; for n in $(seq 300); do echo $n >keep-$n; done\n(while :; do for n in $(seq 200); do : >t-$n; done; rm -f t-*; done) &'
  await inside(churn)
  await fill()
})

test('more than the limit is not copied, and the reason is told', async () => {
  const id = await inside('dd if=/dev/zero of=/a/big bs=1M count=3 2>/dev/null; : >/b/ready')
  await written(id)
  await runtime.fillVolume(world.host, fillOf(2 ** 20))
  await until(runtime, () => filling()?.state === 'failed', 'it has failed')
  expect(filling()).toMatchObject({
    attempts: 1,
    message: expect.stringMatching(/^it has \d+ KiB, and the claim asks for 1024 KiB$/),
  })
  expect(await world.exec(id, 'ls', '/b')).toMatch(/ready/)
  await noHelpers()
  await fill()
  expect(await world.exec(id, 'ls', '/b')).toMatch(/big/)
})

test('it reads the source only, reaches nothing, and makes way for others', async () => {
  const { socket } = world.docker
  // Large enough to be still at work when it is looked at.
  const id = await inside('dd if=/dev/zero of=/a/big bs=1M count=100 2>/dev/null; : >/b/ready')
  await written(id)
  await runtime.fillVolume(world.host, fillOf())
  const [helper] = await helpers()
  const { HostConfig, Mounts } = await engineJson<{
    HostConfig: Record<string, unknown>
    Mounts: { Destination: string; RW: boolean }[]
  }>(socket, 'GET', `/containers/${helper?.Id}/json`)
  expect(HostConfig).toMatchObject({ NetworkMode: 'none', CapDrop: ['ALL'], CpuShares: 2, ReadonlyRootfs: true })
  expect(Object.fromEntries(Mounts.map(({ Destination, RW }) => [Destination, RW]))).toMatchObject({
    '/from': false,
    '/to': true,
  })
  // Whoever comes next takes it up, also after a SIGKILL.
  await runtime.close()
  const next = await world.another('same')
  await until(next, () => next.volumesOf(copy).some(({ detail }) => detail === 'filled'), 'the volume is filled')
  await noHelpers()
})

test('a helper that is killed, or removed, is made anew', async () => {
  const id = await inside('dd if=/dev/zero of=/a/big bs=1M count=100 2>/dev/null; : >/b/ready')
  await written(id)
  await runtime.fillVolume(world.host, fillOf())
  const [helper] = await helpers()
  await world.docker.destroy(helper?.Id ?? '')
  await until(runtime, () => filling()?.state === 'failed', 'it has failed')
  expect(filling()?.message).toBe('its helper container was removed')
  await fill()
  const same = 'cmp /a/big /b/big && echo same'
  expect(await world.exec(id, 'sh', '-c', same)).toMatch(/same/)
})

test('a disk that becomes full has room again at once, and the reason is told', async () => {
  const small = { namespace: 'shop-small', subject: target.subject }
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=60m' }
  await runtime.createVolume(world.host, { ...claimVolume(small), options })
  const { socket } = world.docker
  // It holds the disk, which is there only as long as somebody has it.
  const body = {
    Image: testImages.one,
    Entrypoint: ['sleep', '600'],
    Labels: { 'berth.dev/engine': world.engine },
    HostConfig: { Binds: [`${world.engine}_shop_data:/a`, `${world.engine}_shop-small_data:/b`] },
  }
  const { Id: id } = await engineJson<{ Id: string }>(socket, 'POST', '/containers/create', body)
  await engineJson(socket, 'POST', `/containers/${id}/start`)
  await world.exec(id, 'sh', '-c', 'echo small >/a/0; dd if=/dev/zero of=/a/big bs=1M count=100 2>/dev/null')
  const key = keyOf({ namespace: 'shop-small', kind: 'PersistentVolumeClaim', name: 'data' })
  const state = () => runtime.volumesOf(key).find(({ detail }) => detail === '')?.filling
  await runtime.fillVolume(world.host, { ...fillOf(), ...small })
  await until(runtime, () => state()?.state === 'failed', 'it has failed')
  expect(state()?.message).toMatch(/No space left on device|the disk of its host is almost full/)
  expect(await world.exec(id, 'sh', '-c', 'find /b -mindepth 1; df -Pk /b | tail -n 1 | tr -s " "')).toMatch(
    /^\S+ 61440 0 /,
  )
  await noHelpers()
  // What is there is no less than before, and a smaller one finds room.
  expect(await world.exec(id, 'sh', '-c', 'rm /a/big; ls /a')).toMatch(/^0\s*$/)
  await runtime.fillVolume(world.host, { ...fillOf(), ...small })
  await until(runtime, () => runtime.volumesOf(key).some(({ detail }) => detail === 'filled'), 'it is filled')
  expect(await world.exec(id, 'cat', '/b/0')).toMatch(/small/)
})

test('a copy that would leave nothing of the disk to others ends, and what it had is gone', async () => {
  const small = { namespace: 'shop-small', subject: target.subject }
  await runtime.createVolume(world.host, {
    ...claimVolume(small),
    options: { type: 'tmpfs', device: 'tmpfs', o: 'size=60m' },
  })
  const key = keyOf({ namespace: 'shop-small', kind: 'PersistentVolumeClaim', name: 'data' })
  const state = () => runtime.volumesOf(key).find(({ detail }) => detail === '')?.filling
  const { socket } = world.docker
  const body = {
    ...{ Image: testImages.one, Entrypoint: ['sleep', '600'], Labels: { 'berth.dev/engine': world.engine } },
    HostConfig: { Binds: [`${world.engine}_shop_data:/a`, `${world.engine}_shop-small_data:/b`] },
  }
  const { Id: id } = await engineJson<{ Id: string }>(socket, 'POST', '/containers/create', body)
  await engineJson(socket, 'POST', `/containers/${id}/start`)
  // It fits, but into what is to stay free.
  await world.exec(id, 'sh', '-c', 'dd if=/dev/zero of=/a/big bs=1k count=59500 2>/dev/null')
  await runtime.fillVolume(world.host, { ...fillOf(), ...small })
  await until(runtime, () => state() !== undefined && state()?.state !== 'running', 'it has failed')
  expect(state()?.message).toBe('the disk of its host is almost full: a copy leaves 3072 KiB of it free')
  expect(await world.exec(id, 'find', '/b', '-mindepth', '1')).toBe('')
})

test('a copy that is killed, as for want of memory, is no whole one', async () => {
  const id = await inside('dd if=/dev/zero of=/a/big bs=1M count=300 2>/dev/null; : >/b/ready')
  await written(id)
  await runtime.fillVolume(world.host, fillOf())
  const [helper] = await helpers()
  const kill = 'until kill -9 $(pidof cp) 2>/dev/null; do :; done; echo killed'
  expect(await world.exec(helper?.Id ?? '', 'sh', '-c', kill)).toMatch(/killed/)
  await until(runtime, () => filling()?.state === 'failed', 'it has failed')
  expect(filling()?.message).toBe('the copy was killed')
  expect(await world.exec(id, 'ls', '/b')).toBe('')
  await fill()
})

test('a source that is to be removed in the middle of its copy stays until that has ended', async () => {
  const id = await inside('dd if=/dev/zero of=/a/big bs=1M count=100 2>/dev/null; : >/b/ready')
  await written(id)
  await runtime.fillVolume(world.host, fillOf())
  await world.docker.destroy(id)
  const volume = `${world.engine}_shop_data`
  await expect(runtime.removeVolume(world.host, volume)).rejects.toMatchObject({ code: 'VOLUME_IN_USE' })
  await until(runtime, () => runtime.volumesOf(copy).some(({ detail }) => detail === 'filled'), 'the volume is filled')
  await noHelpers()
  await runtime.removeVolume(world.host, volume)
})
