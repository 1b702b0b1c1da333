// What has happened so far, and a way to wait until it is enough.

export function createRecord<T>() {
  const all: T[] = []
  const waiting = new Set<() => void>()
  return {
    all,
    add(...items: T[]) {
      all.push(...items)
      for (const look of waiting) look()
    },
    until: (holds: (all: readonly T[]) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!holds(all)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
