import { expect, test } from 'vitest'
import { breathe, clock, engine, open, pass, repository, runtime } from './support/engine-fixture.ts'
import { FakePullRequests } from './support/fake-pull-requests.ts'
import { branchPreviews } from './support/preview-settings.ts'

const files = {
  'data.yaml': `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`,
  'db.yaml': `apiVersion: v1
kind: Pod
metadata: { name: db }
spec:
  containers: [{ name: main, image: "app:1", volumeMounts: [{ name: data, mountPath: /data }] }]
  volumes: [{ name: data, persistentVolumeClaim: { claimName: data } }]
`,
}

test.each([0, 1, 2, 4, 8, 16, 32])(
  'whose author loses the right to write is made anew, also by a restart %d moments later',
  async (moments) => {
    const facts = runtime.hostFacts.bind(runtime)
    runtime.hostFacts = () => facts().map((host) => ({ ...host, network: { ...host.network, mode: 'services' } }))
    const forge = new FakePullRequests(() => repository)
    const start = () =>
      open({ previews: { ...branchPreviews, provider: 'github' } }, [], { pullRequests: () => forge }).start()
    repository.push('Start', files)
    await start()
    await pass(12_000)
    forge.open(7, {})
    await pass(30_000)
    const done: string[] = []
    const [create, remove] = [runtime.createVolume.bind(runtime), runtime.removeVolume.bind(runtime)]
    runtime.createVolume = (host, volume) => create(host, volume).then(() => void done.push(`make ${volume.namespace}`))
    runtime.removeVolume = (host, name) => remove(host, name).then(() => void done.push('remove'))
    forge.change(7, { authorMayWrite: false })
    forge.approve(7)
    engine.syncNow()
    for (let moment = 0; moment < moments; moment++) await breathe().then(() => clock.advance(100))
    await engine.close()
    runtime.restart()
    await start()
    await pass(60_000)
    expect(done).toEqual(['remove', 'make shop-pr-7'])
    expect(engine.status().at(-1)).toMatchObject({ name: 'shop/pr-7', sync: 'Synced', health: 'Healthy' })
  },
)
