"""The script that keeps the book of calls in Redis: `budget_book.LocalBook`, told to Lua.

One call of it is one atomic step and one round trip. Time is the server's, so that the clocks of the
workers do not matter; only tests hand one in. Numbers go in and out as text with 17 digits, since Lua
cuts floats to integers on the way out. See `budget_book` for what each step means.
"""

# KEYS: page (hash), calls (list), searches (list).
# ARGV: the terms as JSON, and a time or "".
# Answers [verdict, wait, now, limit, used, day, others, burst limit or -1, burst used, 5 x ours, 5 x rates].
SCRIPT = """
local page, calls, searches = KEYS[1], KEYS[2], KEYS[3]
local terms = cjson.decode(ARGV[1])
local RATE_MEMORY, BURST, SEARCH, DAY = 3600, 10, 1, 86400
local HOUR, STEADY, SILENCE, FRESH_DAY, FRESH_BURST = 3600, 10, 600, 25, 1
local SLOT = terms.rolling and 300 or 30
local LANES = 5

local now
if ARGV[2] ~= '' then
  now = tonumber(ARGV[2])
else
  local t = redis.call('TIME')
  now = tonumber(t[1]) + tonumber(t[2]) / 1000000
end

local NAMES = {'limit', 'burst_limit', 'used', 'was_told', 'day', 'hour', 'heard', 'clock', 'rated',
  'others', 'slot', 'paid', 'paid_before'}
for lane = 1, LANES do
  for _, name in ipairs({'rate', 'ours', 'last'}) do NAMES[#NAMES + 1] = name .. lane end
end
local p, existed = {}, false
local stored = redis.call('HMGET', page, unpack(NAMES))
for i, name in ipairs(NAMES) do
  if stored[i] then existed = true end
  p[name] = tonumber(stored[i] or '0')
end

local function text(number) return string.format('%.17g', number) end

local function within(key, since)
  local low, high = 0, redis.call('LLEN', key)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', key, middle)) > since then low = middle + 1 else high = middle end
  end
  return low
end

local function limit_or(told, given) if told > 0 then return told end return given end
local function most(limit, share) return math.floor(limit * share / 1000) end

local function note(key, room)
  redis.call('LPUSH', key, text(now))
  redis.call('LTRIM', key, 0, room - 1)
  redis.call('PEXPIRE', key, 30000)
end

local function add(lane, count)
  p['ours' .. lane] = p['ours' .. lane] + count
  if terms.rolling and count > 0 then
    redis.call('HINCRBYFLOAT', page, 'h' .. (p.hour % 24) .. ':' .. lane, text(count))
  end
end

local function answer(verdict, wait)
  local out = {verdict, text(wait), text(now), text(limit_or(p.limit, terms.limit)), text(p.used),
    text(p.day), text(p.others), text(limit_or(p.burst_limit, terms.burst)),
    text(within(calls, now - BURST))}
  for lane = 1, LANES do out[#out + 1] = text(p['ours' .. lane]) end
  for lane = 1, LANES do out[#out + 1] = text(p['rate' .. lane]) end
  return out
end

local function save()
  local pairs_out = {}
  for _, name in ipairs(NAMES) do
    pairs_out[#pairs_out + 1] = name
    pairs_out[#pairs_out + 1] = text(p[name])
  end
  redis.call('HSET', page, unpack(pairs_out))
  redis.call('EXPIRE', page, 3 * DAY)
end

-- Time that does not run backwards.
if existed and p.clock > now then
  if p.clock - now <= STEADY then
    now = p.clock
  else
    redis.call('DEL', calls, searches)
    for lane = 1, LANES do p['last' .. lane] = 0 end
    p.rated, p.heard = now, now
  end
end

if not terms.rolling and not (terms.day_start <= now and now < terms.day_end) then
  return answer('new_day', 0)
end

-- A new book.
if not existed then
  p.day, p.hour, p.heard, p.rated = terms.day_start, math.floor(now / HOUR), now, now
  local known = terms.memory
  if known and (terms.rolling or known.day == terms.day_start) then
    p.limit, p.used, p.others = known.limit, known.used, known.others
    for lane = 1, LANES do
      p['rate' .. lane] = known.rates[lane]
      add(lane, known.ours[lane])
    end
  end
end
p.clock = now

-- A new day.
if not terms.rolling then
  if terms.day_start > p.day then
    p.day, p.used, p.was_told, p.paid, p.paid_before = terms.day_start, 0, 0, 0, 0
    for lane = 1, LANES do p['ours' .. lane], p['last' .. lane] = 0, 0 end
  end
else
  local hour = math.floor(now / HOUR)
  for passed = math.max(p.hour + 1, hour - 23), hour do
    for lane = 1, LANES do
      local slot = 'h' .. (passed % 24) .. ':' .. lane
      p['ours' .. lane] = p['ours' .. lane] - tonumber(redis.call('HGET', page, slot) or '0')
      redis.call('HDEL', page, slot)
    end
  end
  p.hour = math.max(p.hour, hour)
  local silence = now - p.heard
  if silence >= SILENCE then
    local own = 0
    for lane = 1, LANES do own = own + p['ours' .. lane] end
    p.used = math.max(p.used * math.max(0, 1 - silence / DAY), own)
    p.heard = now
  end
end

-- Calls made while nobody could write them down here.
if existed then
  for lane = 1, LANES do
    p.used = p.used + terms.missed[lane]
    add(lane, terms.missed[lane])
  end
end

-- What the vendor said.
local told = terms.told
if told.daily_limit then p.limit = told.daily_limit end
if told.burst_limit then p.burst_limit = told.burst_limit end
local used = told.daily_used
if not used and told.daily_left then used = limit_or(p.limit, terms.limit) - told.daily_left end
if used then
  local fresh = terms.age <= FRESH_DAY
  if used > p.used then
    if p.was_told == 1 then p.others = p.others + (used - p.used) / RATE_MEMORY end
    p.used = used
  elseif fresh then
    p.used = math.min(p.used, used + p.paid + p.paid_before)
  end
  p.was_told = 1
  if fresh then p.heard = now end
end
local burst = limit_or(p.burst_limit, terms.burst)
if told.burst_left and burst > 0 and terms.age <= FRESH_BURST then
  local strange = burst - told.burst_left - within(calls, now - BURST)
  for _ = 1, strange do redis.call('LPUSH', calls, text(now)) end
  if strange > 0 then
    redis.call('LTRIM', calls, 0, burst - 1)
    redis.call('PEXPIRE', calls, 30000)
  end
end

-- What is wanted.
local faded = math.exp((p.rated - now) / RATE_MEMORY)
p.others = p.others * faded
for lane = 1, LANES do p['rate' .. lane] = p['rate' .. lane] * faded end
p.rated = now
local lane = terms.lane
if lane > 0 and terms.fresh then p['rate' .. lane] = p['rate' .. lane] + 1 / RATE_MEMORY end

-- The decision.
local function turn_of(key, room, window)
  local moment = redis.call('LINDEX', key, room - 1)
  return moment and tonumber(moment) + window - now or 0
end

local function decide()
  if lane == 0 then return 'look', 0 end
  local limit, ours = limit_or(p.limit, terms.limit), 0
  for each = 1, LANES do ours = ours + p['ours' .. each] end
  local function is_over(share)
    return p.used + 1 > most(limit, share) or (terms.own >= 0 and ours + 1 > most(terms.own, share))
  end
  if is_over(1000) then return 'exhausted', 0 end
  if is_over(terms.share) then return 'share', 0 end
  if terms.spacing > 0 then
    local wait = p['last' .. lane] + terms.spacing - now
    if wait > 0 then return 'spaced', wait end
  end
  if terms.kind == 'search' and terms.searches >= 0 then
    local wait = turn_of(searches, math.max(1, most(terms.searches, terms.rate_share)), SEARCH)
    if wait > 0 then return 'search', wait end
  elseif burst > 0 then
    local wait = turn_of(calls, math.max(1, most(burst, terms.rate_share)), BURST)
    if wait > 0 then return 'burst', wait end
  end
  return 'go', 0
end

local verdict, wait = decide()
if verdict == 'go' then
  p.used = p.used + 1
  add(lane, 1)
  p['last' .. lane] = now
  local slot = math.floor(now / SLOT)
  if slot ~= p.slot then
    if slot == p.slot + 1 then p.paid_before = p.paid else p.paid_before = 0 end
    p.slot, p.paid = slot, 0
  end
  p.paid = p.paid + 1
  if terms.kind == 'search' and terms.searches >= 0 then
    note(searches, terms.searches)
  elseif burst > 0 then
    note(calls, burst)
  end
end
save()
return answer(verdict, wait)
"""
