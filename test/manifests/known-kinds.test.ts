import { describe, expect, test } from 'vitest'
import { renderIgnored } from '../../src/manifests/check.ts'
import { check, json, plain } from './manifest.ts'

describe('Y14 kinds', () => {
  const document = (apiVersion: string | undefined, kind: string | undefined) =>
    json({ apiVersion, kind, metadata: { name: 'x' } })
  test.each([
    ['v1', 'pod', 'kind: expected a kind that Kubernetes knows, found "pod": did you mean "Pod"?'],
    [
      'apps/v1',
      'Deploymnet',
      'kind: expected a kind that Kubernetes knows, found "Deploymnet": did you mean "Deployment"?',
    ],
    ['v1', 'Elephant', 'kind: expected a kind that Kubernetes knows, found "Elephant"'],
    ['v1', 'constructor', 'kind: expected a kind that Kubernetes knows, found "constructor"'],
    ['apps/v1alpha1', 'Deployment', 'apiVersion: expected apps/v1 for a Deployment, found "apps/v1alpha1"'],
    [
      'networking.k8s.io/v2',
      'Ingress',
      'apiVersion: expected networking.k8s.io/v1 for an Ingress, found "networking.k8s.io/v2"',
    ],
    ['v2', 'Pod', 'apiVersion: expected v1 for a Pod, found "v2"'],
    [undefined, 'Pod', 'apiVersion: expected an apiVersion like "v1" or "apps/v1", found nothing'],
    ['v1', undefined, 'kind: expected a kind like "Deployment", found nothing'],
    [
      'berth.dev/v1',
      'Aplication',
      'kind: expected Engine or Application, found "Aplication": did you mean "Application"?',
    ],
    [
      'kustomize.config.k8s.io/v1beta1',
      'Component',
      'kind: expected plain manifests, found a kustomization: run `kustomize build` and commit its output',
    ],
  ])('%s %s is refused', (apiVersion, kind, problem) => {
    expect(plain(document(apiVersion, kind))).toEqual([problem])
  })
  test.each([
    ['snapshot.storage.k8s.io/v1', 'VolumeSnapshot', 'a custom resource: no controller runs for it'],
    ['v1', 'ServiceAccount', 'there is no API server to give access to'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'there is no API server to give access to'],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'no controller runs for custom resources'],
    ['argoproj.io/v1alpha1', 'Application', 'a custom resource: no controller runs for it'],
    ['example.com/v1', 'Deployment', 'a custom resource: no controller runs for it'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute', 'a custom resource: no controller runs for it'],
    ['berth.dev/v1', 'Application', 'configures berth: give the file with -c'],
  ])('%s %s is ignored with a reason', (apiVersion, kind, reason) => {
    const { objects, problems, ignored } = check(document(apiVersion, kind))
    expect([objects.size, problems]).toEqual([0, []])
    expect(ignored.map(renderIgnored)).toEqual([`${kind} x: ${reason}`])
  })
})
