// TypeScript modules, loaded into this process: quick to start, and to load anew.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { compileFunction } from 'node:vm'
import { transformSync } from '@swc/core'

const compiled = new Map()

const compile = (path, edited) => {
  const known = edited === undefined ? compiled.get(path) : undefined
  if (known !== undefined) return known
  const { code } = transformSync(edited ?? readFileSync(path, 'utf8'), {
    filename: path,
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  })
  if (edited === undefined) compiled.set(path, code)
  return code
}

/**
 * Loads a module, and those that it imports, once each. `given` are modules that are not looked for, `edited` sources by their
 * path; `enter` hears of each that is loaded.
 */
export const loaderOf = ({ given = {}, edited = {}, enter = () => {} } = {}) => {
  const modules = new Map()
  const load = path => {
    const loaded = modules.get(path)
    if (loaded !== undefined) return loaded.exports
    const module = { exports: {} }
    modules.set(path, module)
    const require = createRequire(path)
    const from = what => given[what] ?? (what.startsWith('.') ? load(resolve(dirname(path), what)) : require(what))
    enter(path)
    compileFunction(compile(path, edited[path]), ['exports', 'require', 'module', '__dirname'], { filename: path })(
      module.exports,
      from,
      module,
      dirname(path),
    )
    return module.exports
  }
  return load
}
