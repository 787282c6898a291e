/**
 * What must happen to a user's routes in one step, as Lua that Redis runs without interruption. A route is
 * one string: the incarnations that hold the user,
 * separated by spaces, so that a batch is looked up with one MGET.
 */

/**
 * KEYS: the claimer's lease, then routes. ARGV: the claimer, the routes' time to live in ms, what precedes
 * and what follows an incarnation in the key of its lease. Whoever has no lease now is dropped; done in
 * steps, this could drop a node that came back in between.
 * @returns 0, and nothing done, when the claimer has no lease
 */
export const claimScript = `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  local lives = { [ARGV[1]] = true }
  for i = 2, #KEYS do
    local holders = ARGV[1]
    for other in string.gmatch(redis.call('GET', KEYS[i]) or '', '%S+') do
      if lives[other] == nil then
        lives[other] = redis.call('EXISTS', ARGV[3] .. other .. ARGV[4]) == 1
      end
      if other ~= ARGV[1] and lives[other] then holders = holders .. ' ' .. other end
    end
    redis.call('SET', KEYS[i], holders, 'PX', ARGV[2])
  end
  return 1
`;

/** KEYS: routes. ARGV: who lets go of them. Touches nobody else's. */
export const releaseScript = `
  for i = 1, #KEYS do
    local before = redis.call('GET', KEYS[i])
    if before then
      local holders = {}
      for other in string.gmatch(before, '%S+') do
        if other ~= ARGV[1] then holders[#holders + 1] = other end
      end
      if #holders == 0 then
        redis.call('DEL', KEYS[i])
      else
        redis.call('SET', KEYS[i], table.concat(holders, ' '), 'KEEPTTL')
      end
    end
  end
`;
