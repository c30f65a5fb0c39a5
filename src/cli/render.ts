import { renderProblem } from '../manifests/problem.ts'
import { renderManifests } from '../manifests/render.ts'
import { ApplicationSource } from '../source/application.ts'
import { openRepository } from '../sync/repository.ts'
import type { Arguments } from './arguments.ts'
import { repositoryOptions } from './repository.ts'
import { readSettings } from './settings.ts'

/** The objects of a revision as Berth wants them, defaults filled in; Secret values are not shown. */
export async function render(args: Arguments): Promise<number> {
  const settings = await readSettings(args)
  let refused = false
  for (const application of settings.applications) {
    const repository = await openRepository(repositoryOptions(settings, application))
    try {
      const head = await repository.fetch()
      const { path, namespace, podSecurity, verify } = application
      const reading = await new ApplicationSource({ repository, path, namespace, podSecurity, verify }).read(
        head.oid,
        Date.now,
      )
      if (reading.kind === 'refused') {
        refused = true
        const { commit, problems, unverified } = reading
        if (unverified !== undefined) {
          process.stderr.write(`commit ${commit.oid.slice(0, 7)} is not applied: ${unverified}\n`)
        } else {
          for (const problem of problems) process.stderr.write(`${renderProblem(problem)}\n`)
        }
      } else {
        const objects = [...reading.revision.objects.values()].map((located) => located.object)
        process.stdout.write(
          args.output === 'json' ? `${JSON.stringify(objects, null, 2)}\n` : renderManifests(objects),
        )
      }
    } finally {
      await repository.close()
    }
  }
  return refused ? 1 : 0
}
