import { playPullRequest } from './pull-request.ts'
import { everything, refused, runs, type Scene, type Step, same, serves, settled, synced } from './scene.ts'
import { expectThat } from './stage.ts'
import { visited } from './visitors.ts'

export const steps: readonly Step[] = [
  { title: 'a repository becomes running pods, and the shop is open', play: firstCommit },
  { title: 'version 2 is pushed: a rolling update that no visitor notices', play: versionTwo },
  { title: 'a pull request: its preview runs beside production, and goes with the merge', play: playPullRequest },
  { title: 'a container is killed: it is repaired', play: killContainer },
  { title: 'a broken manifest is pushed: it is refused, and all keeps running', play: brokenManifest },
  { title: 'a commit that deletes too much is pushed: it is held', play: deletesTooMuch },
  { title: 'it is reverted: the report', play: revert },
]

async function firstCommit(scene: Scene): Promise<void> {
  const { stage, containers, repository } = scene
  const commit = repository.push('Open the shop')
  stage.startBerth()
  await stage.until('all synced and healthy', synced(commit))
  await stage.show('status', 0)
  expectThat(await runs(containers, 'web', 'shop-web:1', 3), 'three containers of shop-web:1')
  expectThat(await runs(containers, 'api', 'shop-api:1', 2), 'two containers of shop-api:1')
  await serves(scene, 'shop-web version 1')
  await asksByName(scene)
}

async function versionTwo(scene: Scene): Promise<void> {
  const { stage, containers, repository, port } = scene
  const api = await containers.of('api')
  const mark = stage.mark
  let fewest = Number.POSITIVE_INFINITY
  const { requests, failed, slowestMs, errors } = await visited(port, async () => {
    repository.replace('shop/web.yaml', 'shop-web:1', 'shop-web:2')
    const commit = repository.push('Sell version 2')
    await stage.until('all synced and healthy', async (app) => {
      fewest = Math.min(fewest, (await containers.of('web')).filter(({ running }) => running).length)
      return synced(commit)(app)
    })
    await settled(stage, containers, 'web', 'shop-web:2', 3)
  })
  for (const line of stage.changes(mark)) stage.say(`  ${line}`)
  await serves(scene, 'shop-web version 2')
  stage.say(`  ${requests} requests meanwhile, ${failed} failed; the slowest took ${Math.round(slowestMs)} ms`)
  expectThat(failed === 0, `no failed request, found ${errors.join(', ')}`)
  expectThat(fewest >= 3, `at least three pods all the time, found ${fewest}`)
  expectThat(same(api, await containers.of('api')), 'the api untouched')
  stage.say(`  never fewer than ${fewest} pods; api was not touched`)
}

async function killContainer({ stage, containers }: Scene): Promise<void> {
  const [victim] = await containers.of('web')
  expectThat(victim !== undefined, 'a container to kill')
  const began = performance.now()
  await containers.kill(victim!.id)
  await stage.soon('a running container in its place', async () => {
    const gone = (await containers.of('web')).every(({ id }) => id !== victim!.id)
    return gone && (await runs(containers, 'web', 'shop-web:2', 4))
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  stage.say(`  killed the container of ${victim!.pod}; its replacement ran ${seconds} s later`)
  await stage.until('healthy again', ({ sync, health }) => sync === 'Synced' && health === 'Healthy')
}

async function brokenManifest({ stage, containers, repository }: Scene): Promise<void> {
  const before = await everything(containers)
  repository.replace('shop/web.yaml', 'replicas: 4', 'replicas: four')
  const commit = repository.push('Break the web')
  const app = await stage.until('the commit refused', refused(commit))
  const report = await stage.show('status', 1)
  expectThat(report.includes('web.yaml:6: spec.replicas'), 'file and line of the problem in the report')
  expectThat(app.commit !== commit && app.health === 'Healthy', 'the last good commit still running and healthy')
  expectThat(same(before, await everything(containers)), 'every container untouched')
  stage.say('  every container untouched')
}

async function deletesTooMuch({ stage, containers, repository }: Scene): Promise<void> {
  const before = await everything(containers)
  repository.revert()
  repository.remove('shop/api.yaml')
  repository.remove('shop/namespace.yaml')
  const commit = repository.push('Tidy up a little too much')
  await stage.until('the commit held', refused(commit))
  const report = await stage.show('status', 1)
  expectThat(report.includes('Berth-Allow-Prune'), 'the report to say how to approve it')
  expectThat(same(before, await everything(containers)), 'every container untouched')
  stage.say('  every container untouched')
}

async function revert({ stage, repository }: Scene): Promise<void> {
  const commit = repository.revert()
  await stage.until('all synced and healthy', synced(commit))
  await stage.show('history', 0)
  await stage.show('status', 0)
}

async function asksByName({ stage, containers }: Scene): Promise<void> {
  const [web] = await containers.of('web')
  expectThat(web !== undefined, 'a container of the web')
  const page = await containers.exec(web!.id, 'wget', '-qO-', 'http://api/')
  stage.say(`$ docker exec ${web!.pod} wget -qO- http://api/\n  ${page}`)
  expectThat(page.includes('shop-api version 1'), '"shop-api version 1" from http://api/')
}
