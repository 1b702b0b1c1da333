// TOML with line numbers: the value, and where each of its keys stands. It judges nothing but syntax.
import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'

export type TomlPath = readonly (string | number)[]

export interface Toml {
  value: Record<string, unknown>
  /** The line of a key, or of the nearest table around it; counted from 1. */
  lineOf(path: TomlPath): number
  /** Where a text stands in the line of a key; counted from 1. */
  columnOf(path: TomlPath, text: string): number
}

export class TomlSyntaxError extends Error {
  readonly line: number
  readonly column: number

  constructor(message: string, line: number, column: number) {
    super(message)
    this.line = line
    this.column = column
  }
}

type Container = Record<string | number, unknown>

/** Without a prototype, so that a key named __proto__ is a key like any other. */
const emptyTable = (): Container => Object.create(null) as Container

/** The parser looks for a missing value on the line behind; people look for it where it is missing. */
function syntaxError({ message, lineNumber, column }: ParseError, text: string): TomlSyntaxError {
  const before = text.split(/\r?\n/)[lineNumber - 2] ?? ''
  return column === 0 && /=\s*(#.*)?$/.test(before)
    ? new TomlSyntaxError('a value is missing behind the =', lineNumber - 1, before.length + 1)
    : new TomlSyntaxError(message, lineNumber, column + 1)
}

/** @throws {TomlSyntaxError} with line and column, both counted from 1 */
export function parseToml(text: string): Toml {
  const lines = new Map<string, number>()
  const root = emptyTable()

  function descend(path: TomlPath): Container {
    let at: Container = root
    path.forEach((step, i) => {
      at[step] ??= typeof path[i + 1] === 'number' ? [] : emptyTable()
      at = at[step] as Container
    })
    return at
  }

  function read(node: AST.TOMLContentNode, path: TomlPath): unknown {
    switch (node.type) {
      case 'TOMLValue':
        return node.kind === 'integer' ? Number(node.bigint) : node.value
      case 'TOMLArray':
        return node.elements.map((element, i) => {
          lines.set(JSON.stringify([...path, i]), element.loc.start.line)
          return read(element, [...path, i])
        })
      case 'TOMLInlineTable': {
        descend(path)
        for (const pair of node.body) assign(pair, path)
        return descend(path)
      }
    }
  }

  function assign(pair: AST.TOMLKeyValue, base: TomlPath) {
    const keys = pair.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))
    const path = [...base, ...keys]
    keys.forEach((_, i) => {
      const upTo = JSON.stringify(path.slice(0, base.length + i + 1))
      if (!lines.has(upTo)) lines.set(upTo, pair.loc.start.line)
    })
    const value = read(pair.value, path)
    descend(path.slice(0, -1))[path.at(-1) ?? ''] = value
  }

  try {
    for (const node of parseTOML(text).body[0].body) {
      if (node.type === 'TOMLKeyValue') {
        assign(node, [])
        continue
      }
      node.resolvedKey.forEach((_, i) => {
        const upTo = JSON.stringify(node.resolvedKey.slice(0, i + 1))
        if (!lines.has(upTo)) lines.set(upTo, node.loc.start.line)
      })
      descend(node.resolvedKey)
      for (const pair of node.body) assign(pair, node.resolvedKey)
    }
  } catch (error) {
    if (error instanceof ParseError) throw syntaxError(error, text)
    throw error
  }

  function lineOf(path: TomlPath): number {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(JSON.stringify(path.slice(0, length)))
      if (line !== undefined) return line
    }
    return 1
  }

  return {
    value: root,
    lineOf,
    columnOf: (path, part) => (text.split('\n')[lineOf(path) - 1] ?? '').indexOf(part) + 1,
  }
}
