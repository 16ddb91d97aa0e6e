/* Kakehashi website intent. Does nothing before kakehashi('consent', 'granted'): no cookie, no request. */
(function (w, d, n) {
  'use strict';
  var KEPT = ["utm_*"], COOKIE = 'kakehashi_id', DAYS = 120, LONG = 30000, PAUSE = 1800000;
  var waiting = (w.kakehashi && w.kakehashi.q) || [];
  var script = d.currentScript;
  var to = script && script.src.replace(/intent\.js.*$/, 'collect');
  var on = false, view = null, timer, since;

  function cookie(name) {
    var found = d.cookie.match('(?:^|; )' + name + '=([^;]*)');
    return found ? found[1] : '';
  }

  function keep(value, age) {
    d.cookie = COOKIE + '=' + value + '; Path=/; Max-Age=' + age + '; SameSite=Lax' +
      (w.location.protocol === 'https:' ? '; Secure' : '');
  }

  /* The browser or HubSpot's banner says no. */
  function refused() {
    return n.globalPrivacyControl || cookie('__hs_do_not_track') === 'yes';
  }

  function id() {
    if (w.crypto && w.crypto.randomUUID) return w.crypto.randomUUID();
    var text = '';
    while (text.length < 32) text += Math.random().toString(36).slice(2);
    return text.slice(0, 32);
  }

  function now() { return new Date().toISOString(); }

  /* A new number means that somebody has just agreed. */
  function visitor() {
    var known = cookie(COOKIE);
    if (!known) { known = id(); since = now(); }
    keep(known, DAYS * 86400);
    return known;
  }

  function session() {
    try {
      var at = Date.now(), kept = w.sessionStorage, held = (kept.getItem(COOKIE) || '').split(' ');
      if (!(at - held[1] < PAUSE)) held = [id()];
      kept.setItem(COOKIE, held[0] + ' ' + at);
      return held[0];
    } catch (e) { return undefined; }
  }

  /* Address without fragment, and without query parameters that are not on the list. */
  function address() {
    var at = w.location;
    var query = at.search.slice(1).split('&').filter(function (pair) {
      var name = pair.split('=')[0];
      return KEPT.some(function (k) {
        return k.slice(-1) === '*' ? name && name.indexOf(k.slice(0, -1)) === 0 : name === k;
      });
    }).join('&');
    return at.protocol + '//' + at.host + at.pathname + (query && '?' + query);
  }

  function send(e, no) {
    if (!on || !to) return;
    e.event_id = id();
    e.occurred_at = e.occurred_at || now();
    e.visitor = visitor();
    e.session = session();
    e.hubspotutk = cookie('hubspotutk') || undefined;
    e.consent = no ? { tracking: 'denied' } : { tracking: 'granted', given_at: since };
    var body = JSON.stringify([e]);
    if (n.sendBeacon && n.sendBeacon(to, body)) return;
    if (w.fetch) w.fetch(to, { method: 'POST', body: body, keepalive: true, credentials: 'omit' })
      .catch(function () {});
  }

  function visible() { return d.visibilityState !== 'hidden'; }

  function begin() {
    view = {
      type: 'page_view', url: address(), title: d.title, occurred_at: now(),
      from: visible() ? Date.now() : 0, ms: 0, far: 0, human: false
    };
    clearTimeout(timer);
    timer = setTimeout(end, LONG);
  }

  function look() {
    if (!view) return;
    if (view.from) view.ms += Date.now() - view.from;
    view.from = visible() ? Date.now() : 0;
  }

  /* A view is told once: when it is left, or after half a minute. */
  function end() {
    if (!view) return;
    look();
    var v = view;
    view = null;
    clearTimeout(timer);
    send({
      type: v.type, url: v.url, title: v.title, occurred_at: v.occurred_at,
      properties: { seconds: Math.round(v.ms / 1000), scrolled: v.far, human: v.human }
    });
  }

  function moved() { if (view) view.human = true; }

  function scrolled() {
    if (!view) return;
    var all = d.documentElement.scrollHeight - w.innerHeight;
    if (all > 0) view.far = Math.max(view.far, Math.min(100, Math.round(100 * w.pageYOffset / all)));
  }

  function went() {
    if (on && (!view || view.url !== address())) { end(); begin(); }
  }

  /* Only forms that say so: data-kakehashi="form_submit_content" (or any other type of event). */
  function submitted(e) {
    var form = e.target, type = form.getAttribute && form.getAttribute('data-kakehashi');
    if (!type) return;
    var mail = form.querySelector('input[type=email]');
    send({
      type: type, url: address(), email: (mail && mail.value) || undefined,
      properties: { form: form.getAttribute('id') || undefined }
    });
  }

  function start() {
    if (on || refused()) return;
    on = true;
    begin();
  }

  /* Whoever had agreed is told of once more: what is known of them goes. */
  function stop() {
    view = null;
    clearTimeout(timer);
    on = cookie(COOKIE);
    send({ type: 'identify' }, 1);
    if (on) keep('', 0);
    on = false;
    try { w.sessionStorage.removeItem(COOKIE); } catch (e) {}
  }

  function call(what, first, second) {
    if (what === 'consent') (first === 'granted' ? start : stop)();
    if (what === 'identify') send({ type: 'identify', url: address(), email: first.email });
    if (what === 'event') send({ type: first, url: address(), properties: second });
  }

  function listen(on, names, heard) {
    names.split(' ').forEach(function (name) { on.addEventListener(name, heard, true); });
  }

  w.kakehashi = call;
  listen(w, 'pointermove keydown touchstart', moved);
  listen(w, 'scroll', scrolled);
  listen(w, 'pagehide', end);
  listen(w, 'popstate', went);
  listen(d, 'visibilitychange', function () { look(); if (!visible()) end(); });
  listen(d, 'submit', submitted);
  var push = w.history.pushState;
  w.history.pushState = function () {
    var done = push.apply(this, arguments);
    went();
    return done;
  };
  for (var i = 0; i < waiting.length; i++) call.apply(null, waiting[i]);
})(window, document, navigator);
