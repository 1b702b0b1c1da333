// The relay believes its own schemas, so that it starts faster; here they are looked at.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ajv } from 'ajv'
import { geoSchema, keysSchema } from '../../../relay/model/config/knowledge.ts'
import { routesSchema } from '../../../relay/model/config/routes.ts'
import { eventSchema } from '../../../relay/model/event.ts'
import { kinds } from '../../../relay/notifiers/index.ts'

describe('a schema is one, after JSON Schema:', () => {
  const ajv = new Ajv()
  const all = {
    'of an event': eventSchema,
    'of [keys]': keysSchema,
    'of [geo]': geoSchema,
    'of [[routes]]': routesSchema,
    ...Object.fromEntries([...kinds].map(([type, { schema }]) => [`of the kind ${type}`, schema])),
  }
  for (const [name, schema] of Object.entries(all))
    test(name, () => assert.equal(ajv.validateSchema(schema), true, ajv.errorsText()))

  test('the one that looks sees what is none', () => assert.equal(ajv.validateSchema({ type: 'strnig' }), false))
})
