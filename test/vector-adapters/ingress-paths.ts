import { chooseHost, matchesHost } from '../../src/runtime/network/ingress-host.ts'
import { choosePath, type PathRule } from '../../src/runtime/network/ingress-path.ts'

interface PathInput {
  readonly paths: readonly PathRule[]
  readonly requestPath: string
}

interface HostRuleInput {
  readonly ruleHosts: readonly string[]
  readonly requestHost: string
}

function indexIn<T>(all: readonly T[], chosen: T | undefined): number | null {
  return chosen === undefined ? null : all.indexOf(chosen)
}

export const ingressPaths = {
  path: ({ paths, requestPath }: PathInput) => ({ matchedIndex: indexIn(paths, choosePath(paths, requestPath)) }),
  host: ({ ruleHost, requestHost }: { ruleHost: string; requestHost: string }) => ({
    matches: matchesHost(ruleHost, requestHost),
  }),
  hostRule: ({ ruleHosts, requestHost }: HostRuleInput) => ({
    matchedIndex: indexIn(ruleHosts, chooseHost(ruleHosts, requestHost)),
  }),
}
