import type { Health } from '../reconcile/plan/action.ts'
import type { AppStatus, SyncState } from './status.ts'

const syncStates: readonly SyncState[] = ['Synced', 'OutOfSync', 'Refused', 'Unknown']
const healthStates: readonly Health[] = ['Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing']

type Labels = Readonly<Record<string, string>>
type Sample = readonly [Labels, number]

/** The applications in the text format of Prometheus (version 0.0.4): gauges all of them, in base units. */
export function renderMetrics(apps: readonly AppStatus[]): string {
  return [
    gauge('berth_application_sync', 'Whether the application is in this state of synchronisation.', apps, (app) =>
      syncStates.map((sync): Sample => [{ sync }, app.sync === sync ? 1 : 0]),
    ),
    gauge('berth_application_health', 'Whether the application is of this health.', apps, (app) =>
      healthStates.map((health): Sample => [{ health }, app.health === health ? 1 : 0]),
    ),
    gauge('berth_application_objects', 'Objects of the application that are of this health.', apps, ({ objects }) => {
      const counts = new Map<Health, number>()
      for (const { health } of objects) counts.set(health, (counts.get(health) ?? 0) + 1)
      return healthStates.map((health): Sample => [{ health }, counts.get(health) ?? 0])
    }),
    gauge(
      'berth_application_conflicts',
      'What carries a mark of the application, is not its own, and is left alone.',
      apps,
      (app) => [[{}, app.conflicts.length]],
    ),
    gauge(
      'berth_application_last_sync_seconds',
      'How long the last commit took until it was healthy, or had failed.',
      apps,
      (app) => ended(app, ({ durationMs }) => (durationMs ?? 0) / 1_000),
    ),
    gauge(
      'berth_application_last_sync_timestamp_seconds',
      'When the last commit was healthy, or had failed.',
      apps,
      (app) => ended(app, ({ finishedAt }) => Date.parse(finishedAt ?? '') / 1_000),
    ),
  ].join('')
}

/** A value of the last commit, which there is once it has ended. */
function ended({ lastSync }: AppStatus, value: (last: NonNullable<AppStatus['lastSync']>) => number): Sample[] {
  return lastSync?.finishedAt ? [[{}, value(lastSync)]] : []
}

function gauge(
  name: string,
  help: string,
  apps: readonly AppStatus[],
  samplesOf: (app: AppStatus) => readonly Sample[],
): string {
  const lines = apps.flatMap((app) =>
    samplesOf(app).map(([labels, value]) => `${name}{${labelText({ app: app.name, ...labels })}} ${value}\n`),
  )
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',')
}
