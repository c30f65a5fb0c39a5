import { type Scene, serves, settled, synced } from './scene.ts'
import { expectThat } from './stage.ts'
import { visited } from './visitors.ts'

const id = 'evening'
const branch = `preview/${id}`
const namespace = `shop-${id}`
const host = `${id}.shop.localhost`

/** A branch that stands for a pull request: its preview runs beside production, says what the merge would do, and goes with the merge. */
export async function playPullRequest(scene: Scene): Promise<void> {
  const { stage, repository, port } = scene
  const { requests, failed, slowestMs, errors } = await visited(port, async () => {
    repository.replace('shop/config.yaml', 'every morning', 'morning and evening')
    repository.replace('shop/web.yaml', 'replicas: 3', 'replicas: 4')
    const head = repository.propose(branch, 'Open in the evening, too')
    stage.say(`$ git push origin ${branch}    # another greeting, and a fourth web`)
    await showPreview(scene, head)
    await merge(scene)
  })
  stage.say(
    `  ${requests} requests to production meanwhile, ${failed} failed; the slowest took ${Math.round(slowestMs)} ms`,
  )
  expectThat(failed === 0, `no failed request, found ${errors.join(', ')}`)
}

async function showPreview(scene: Scene, head: string): Promise<void> {
  const { stage, containers } = scene
  await stage.until('the preview healthy', synced(head), `shop/${id}`)
  await stage.until('what the merge would do', ({ previews = [] }) => previews.some(({ merge }) => merge !== undefined))
  await stage.show('preview list', 0)
  await serves(scene, 'morning and evening', host)
  await serves(scene, 'every morning')
  expectThat((await containers.of('web', namespace)).length === 4, 'four containers of the web in the preview')
  expectThat((await containers.of('web')).length === 3, 'three containers of the web in production')
  const comment = await stage.show(`preview list shop ${id} -o markdown`, 0, '#### What the merge')
  expectThat(comment.includes('Deployment shop/web'), 'what the merge would change')
}

async function merge(scene: Scene): Promise<void> {
  const { stage, containers, repository } = scene
  const mark = stage.mark
  const commit = repository.merge(branch)
  stage.say(`$ git merge ${branch} && git push`)
  await stage.until('all synced and healthy', synced(commit))
  await settled(stage, containers, 'web', 'shop-web:2', 4)
  for (const line of stage.changes(mark)) stage.say(`  ${line}`)
  await serves(scene, 'morning and evening')
  await stage.soon('nothing left of the preview', async () => {
    const { containers: pods, networks, volumes } = await containers.countOf(namespace)
    return pods + networks + volumes === 0
  })
  await stage.show('preview list', 0)
  const left = await containers.countOf(namespace)
  stage.say(`  left of the preview: ${left.containers} containers, ${left.networks} networks, ${left.volumes} volumes`)
}
