/* A browser without a window: just what the snippet asks for. Time and visibility are moved by the test. */
var clock = 1795510800000, sent = [], fetched = [], heard = {}, timers = [], jar = {}, held = {};
var stored = 0, nothing = function () {};
Date.now = function () { return clock; };
var RealDate = Date;
Date = function (at) { return new RealDate(at === undefined ? clock : at); };
Date.now = function () { return clock; };

function listening(name, f) { (heard[name] = heard[name] || []).push(f); }
function fire(name, event) { (heard[name] || []).forEach(function (f) { f(event || {}); }); }
function setTimeout(f, ms) { timers.push([clock + ms, f]); return timers.length; }
function clearTimeout(id) { if (timers[id - 1]) timers[id - 1][1] = nothing; }
function wait(ms) {
  clock += ms;
  timers.forEach(function (t) { if (t[0] <= clock) { var f = t[1]; t[1] = nothing; f(); } });
}

var at = new (function () {
  this.protocol = 'https:'; this.host = 'www.example.com';
  this.pathname = '/pricing'; this.search = '?utm_source=news&token=secret'; this.hash = '#x';
})();
var document = {
  currentScript: { src: 'https://intent.example.com/kakehashi/intent.js?v=1' },
  title: 'Pricing', visibilityState: 'visible', documentElement: { scrollHeight: 2000 },
  addEventListener: listening,
  get cookie() { return Object.keys(jar).map(function (k) { return k + '=' + jar[k]; }).join('; '); },
  set cookie(text) {
    stored++;
    var pair = text.split(';')[0].split('=');
    if (/Max-Age=0/.test(text)) delete jar[pair[0]]; else jar[pair[0]] = pair[1];
    lastCookie = text;
  }
};
var lastCookie = '';
var navigator = { sendBeacon: function (to, body) { sent.push([to, body]); return true; } };
var window = {
  location: at, innerHeight: 1000, pageYOffset: 0, addEventListener: listening,
  history: { pushState: function (a, b, path) { at.pathname = path; } },
  sessionStorage: {
    getItem: function (k) { return held[k] === undefined ? null : held[k]; },
    setItem: function (k, v) { stored++; held[k] = v; },
    removeItem: function (k) { delete held[k]; }
  },
  fetch: function (to, how) { fetched.push([to, how]); return { 'catch': nothing }; }
};
function leave() { document.visibilityState = 'hidden'; fire('visibilitychange'); fire('pagehide'); }
function form(type, mail) {
  return { target: {
    getAttribute: function (k) { return { 'data-kakehashi': type, id: 'contact' }[k] || null; },
    querySelector: function () { return mail ? { value: mail } : null; }
  } };
}
