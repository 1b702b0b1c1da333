// Values that come over the socket, against their JSON Schema: as they are or not at all.
import { Ajv, type ErrorObject } from 'ajv'

/** Nothing is coerced, completed or removed. ajv's optimizer would cost a tenth of the start, and gain nothing here. */
export const ajv = new Ajv({ allowUnionTypes: true, validateSchema: false, code: { optimize: false } })

/** As fastify wants it: false, and the errors beside it. Compiled when it is first asked; most runs never do. */
export function lazyValidator(schema: object) {
  const validate = (value: unknown): boolean => {
    const check = ajv.compile(schema)
    const sound = check(value)
    validate.errors = check.errors ?? null
    return sound
  }
  validate.errors = null as ErrorObject[] | null
  return validate
}
