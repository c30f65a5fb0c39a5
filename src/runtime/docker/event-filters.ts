/** The events that are followed. Without those of exec: probes would flood the stream. */
export const eventFilters = {
  type: ['container', 'image', 'network', 'volume'],
  event: ['create', 'start', 'die', 'destroy', 'rename', 'update', 'pause', 'unpause', 'oom'].concat([
    'disconnect',
    'pull',
    'tag',
    'untag',
    'delete',
    'load',
    'import',
  ]),
}
