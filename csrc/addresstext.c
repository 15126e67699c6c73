/*
** addresstext.c: text -> address, strictly.
**
** The C library's parsers take 127.1, 0x7f.1 and 010.1.1.1 (T4) and wrap the
** port 99999 (T5).  Here text is either exactly an address or none.
*/

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "addresstext.h"
#include "constant.h"

#define NOTANADDRESS "not an IP address"

/* What is left of the text. */
typedef struct Text {
  const char *p;
  const char *end;
} Text;

#define left(t) ((size_t)((t)->end - (t)->p))


static int isdecimal (char c) {
  return c >= '0' && c <= '9';
}


static int isletter (char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}


static int hexdigit (char c) {
  if (isdecimal(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}


static int acceptchar (Text *t, char c) {
  if (t->p == t->end || *t->p != c) return 0;
  t->p++;
  return 1;
}


static int acceptword (Text *t, const char *word) {
  size_t n = strlen(word);
  if (left(t) < n || memcmp(t->p, word, n) != 0) return 0;
  t->p += n;
  return 1;
}


/* A decimal number of at most max; a leading zero would be octal to others. */
static int decimal (Text *t, uint32_t max, uint32_t *value) {
  const char *start = t->p;
  uint64_t n = 0;
  while (t->p < t->end && isdecimal(*t->p)) {
    n = n * 10 + (uint64_t)(*t->p++ - '0');
    if (n > max) return 0;
  }
  if (t->p == start || (*start == '0' && t->p - start > 1)) return 0;
  *value = (uint32_t)n;
  return 1;
}


/* Exactly a.b.c.d */
static int dotted (Text *t, unsigned char out[4]) {
  for (int i = 0; i < 4; i++) {
    uint32_t n;
    if (i > 0 && !acceptchar(t, '.')) return 0;
    if (!decimal(t, 255, &n)) return 0;
    out[i] = (unsigned char)n;
  }
  return 1;
}


/* One to four hexadecimal digits. */
static int group (Text *t, unsigned char out[2]) {
  unsigned n = 0;
  int digits = 0;
  for (; t->p < t->end && hexdigit(*t->p) >= 0; t->p++) {
    if (++digits > 4) return 0;
    n = n << 4 | (unsigned)hexdigit(*t->p);
  }
  out[0] = (unsigned char)(n >> 8);
  out[1] = (unsigned char)(n & 255);
  return digits > 0;
}


/* The groups of an IPv6 address from byte n on: up to the end of the text, or
** up to a "::", which is swallowed.  Returns the byte reached, or -1. */
static int groups (Text *t, unsigned char out[16], int n, int *gap) {
  *gap = 0;
  while (left(t) > 0) {
    Text v4 = *t;
    if (n <= 12 && dotted(&v4, out + n)) {
      *t = v4;
      return left(t) == 0 ? n + 4 : -1;
    }
    if (n > 14 || !group(t, out + n)) return -1;
    n += 2;
    if (left(t) == 0) return n;
    if (acceptword(t, "::")) {
      *gap = 1;
      return n;
    }
    if (!acceptchar(t, ':') || left(t) == 0) return -1;
  }
  return n;
}


/* RFC 4291, section 2.2.  The text holds nothing else. */
static int ipv6 (Text *t, unsigned char out[16]) {
  unsigned char tail[16] = { 0 };
  int gap = acceptword(t, "::");
  int again = 0;
  int n = 0;
  memset(out, 0, 16);
  if (!gap) n = groups(t, out, 0, &gap);
  if (n < 0) return 0;
  if (!gap) return n == 16;
  int m = groups(t, tail, n, &again); /* counts what came before the "::" */
  if (m < 0 || m > 14 || again) return 0; /* "::" is at least one group */
  memcpy(out + 16 - (m - n), tail + n, (size_t)(m - n));
  return 1;
}


/* The last label of a host's name begins with a letter: not so 127.1 */
static int looksnamed (const char *text, size_t len) {
  size_t label = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '.' && i + 1 < len) label = i + 1;
    if (!isletter(text[i]) && !isdecimal(text[i]) && text[i] != '.' &&
        text[i] != '-' && text[i] != '_')
      return 0;
  }
  return len > 0 && isletter(text[label]);
}


static const char *invalid (const char *reason, const char **code) {
  *code = "EINVAL";
  return reason;
}


static const char *badhost (const char *text, size_t len, const char **code) {
  if (looksnamed(text, len))
    return invalid(NOTANADDRESS "; names are resolved by core.getaddrinfo",
                   code);
  return invalid(NOTANADDRESS, code);
}


/* if_nametoindex opens a socket, so more can fail than the name. */
static const char *badinterface (int err, const char **code) {
  *code = err == EMFILE ? "EMFILE" : err == ENFILE ? "ENFILE" :
          err == ENOBUFS ? "ENOBUFS" : err == ENOMEM ? "ENOMEM" : "ENODEV";
  if (strcmp(*code, "ENODEV") == 0) return "no such interface";
  return "cannot look up the interface";
}


const char *sk_parseinterface (const char *text, size_t len, unsigned *index,
                               const char **code) {
  char name[IF_NAMESIZE];
  Text t = { text, text + len };
  if (len > 0 && isdecimal(*text) && decimal(&t, UINT32_MAX, index) &&
      left(&t) == 0)
    return NULL;
  /* T6: longer names are refused, not cut */
  if (len == 0 || len >= sizeof(name) || memchr(text, '\0', len) != NULL)
    return badinterface(ENODEV, code);
  memcpy(name, text, len);
  name[len] = '\0';
  *index = sys_if_nametoindex(name);
  return *index != 0 ? NULL : badinterface(errno, code);
}


const char *sk_parsehost (sk_Room *r, const char *text, size_t len,
                          const char **code) {
  in_port_t port = r->in.sin_port; /* at the same place in both */
  Text t = { text, text + len };
  unsigned char v4[4];
  if (dotted(&t, v4) && left(&t) == 0) {
    sk_roominit(r, AF_INET);
    memcpy(&r->in.sin_addr, v4, sizeof(v4));
    r->in.sin_port = port;
    return NULL;
  }
  t.p = text;
  if (acceptchar(&t, '[')) {
    if (left(&t) == 0 || t.end[-1] != ']') return invalid(NOTANADDRESS, code);
    t.end--;
  }
  const char *scope = memchr(t.p, '%', left(&t));
  Text address = { t.p, scope != NULL ? scope : t.end };
  sk_roominit(r, AF_INET6);
  if (!ipv6(&address, r->in6.sin6_addr.s6_addr))
    return badhost(text, len, code);
  r->in6.sin6_port = port;
  if (scope == NULL) return NULL;
  scope++;
  return sk_parseinterface(scope, (size_t)(t.end - scope),
                           &r->in6.sin6_scope_id, code);
}


static const char *parseport (Text *t, sk_Room *r, const char **code) {
  uint32_t port;
  if (!decimal(t, 65535, &port))
    return invalid("the port is not a number from 0 to 65535", code);
  r->in.sin_port = htons((uint16_t)port);
  return NULL;
}


/* "[host]:port" or "[host]:port?flow=n" */
static const char *parsebracketed (Text *t, sk_Room *r, const char **code) {
  const char *host = t->p;
  const char *close = memrchr(host, ']', left(t)); /* scopes may hold one */
  if (close == NULL) return invalid("']' is missing", code);
  t->p = close + 1;
  if (left(t) == 0) return invalid("the port is missing", code);
  if (!acceptchar(t, ':')) return invalid(NOTANADDRESS, code);
  const char *reason = parseport(t, r, code);
  if (reason != NULL) return reason;
  uint32_t flow = 0;
  if ((acceptword(t, "?flow=") && !decimal(t, UINT32_MAX, &flow)) || left(t))
    return invalid("garbage after the port", code);
  reason = sk_parsehost(r, host, (size_t)(close + 1 - host), code);
  r->in6.sin6_flowinfo = htonl(flow);
  return reason;
}


/* "1.2.3.4:80" */
static const char *parsedotted (Text *t, sk_Room *r, const char **code) {
  const char *text = t->p;
  const char *colon = memrchr(text, ':', left(t));
  size_t len = (size_t)((colon != NULL ? colon : t->end) - text);
  const char *ignored;
  if (sk_parsehost(r, text, left(t), &ignored) == NULL)
    return invalid(sk_family(r) == AF_INET ? "the port is missing" :
                   "the port is missing, as in \"[::1]:80\"", code);
  const char *reason = sk_parsehost(r, text, len, code);
  if (reason != NULL) return reason;
  if (colon == NULL) return invalid("the port is missing", code);
  if (sk_family(r) != AF_INET)
    return invalid("an IPv6 address with a port goes in brackets", code);
  t->p = colon + 1;
  reason = parseport(t, r, code);
  if (reason != NULL) return reason;
  return left(t) == 0 ? NULL : invalid("garbage after the port", code);
}


static int unixname (const char *text, size_t len) {
  Text t = { text, text + len };
  if (len == 0) return 0;
  return *text == '/' || *text == '@' || *text == '\0' ||
         acceptword(&t, "./") || acceptword(&t, "../") ||
         acceptword(&t, "unix:");
}


static int specialname (const char *text, size_t len) {
  Text t = { text, text + len };
  return acceptword(&t, "packet:") || acceptword(&t, "netlink:") ||
         acceptword(&t, "vsock:") ||
         (*text != '[' && memchr(text, '#', len) != NULL);
}


int sk_looksalone (const char *text, size_t len) {
  if (len == 0) return 1;
  if (unixname(text, len) || specialname(text, len)) return 1;
  if (*text == '[') return text[len - 1] != ']';
  const char *colon = memchr(text, ':', len);
  return colon != NULL && colon == memrchr(text, ':', len);
}


int sk_namesabstract (const char *name, size_t len) {
  return len > 0 && (*name == '@' || *name == '\0');
}


const char *sk_setunix (sk_Room *r, const char *name, size_t len,
                        int abstract, const char **code) {
  sk_roominit(r, AF_UNIX);
  if (len > SK_PATHMAX) { /* T6 */
    *code = "ENAMETOOLONG";
    return "the name is too long for a UNIX socket";
  }
  if (!abstract && memchr(name, '\0', len) != NULL)
    return invalid("the path contains a NUL byte", code);
  memcpy(r->un.sun_path, name, len);
  if (abstract) r->un.sun_path[0] = '\0';
  r->len = (socklen_t)(SK_PATH + len);
  return NULL;
}


static const char *parseunix (Text *t, sk_Room *r, const char **code) {
  (void)acceptword(t, "unix:");
  return sk_setunix(r, t->p, left(t), sk_namesabstract(t->p, left(t)), code);
}


const char *sk_setraw (sk_Room *r, const char *bytes, size_t len,
                       const char **code) {
  int family = sk_family(r);
  if (family == AF_UNIX) {
    int abstract = len > 0 && *bytes == '\0';
    while (!abstract && len > 0 && bytes[len - 1] == '\0')
      len--; /* the end of a path, not part of it */
    return sk_setunix(r, bytes, len, abstract, code);
  }
  if (len > sizeof(r->bytes) - SK_BODY) {
    *code = "ENAMETOOLONG";
    return "the address is too long";
  }
  sk_roominit(r, family);
  memcpy(r->bytes + SK_BODY, bytes, len);
  r->len = (socklen_t)(SK_BODY + len);
  return NULL;
}


/* Pairs of hexadecimal digits up to the end, with `separator` between them
** unless it is NUL.  Returns the number of bytes, or -1. */
static int hexbytes (Text *t, char separator, unsigned char *out, int room) {
  int n = 0;
  while (left(t) > 0) {
    if (n > 0 && separator != '\0' && !acceptchar(t, separator)) return -1;
    if (n == room || left(t) < 2) return -1;
    int high = hexdigit(t->p[0]);
    int low = hexdigit(t->p[1]);
    if (high < 0 || low < 0) return -1;
    out[n++] = (unsigned char)(high << 4 | low);
    t->p += 2;
  }
  return n;
}


/* "can#00112233": any family, by name or number, and its bytes. */
static const char *parsegeneric (Text *t, sk_Room *r, const char **code) {
  unsigned char bytes[sizeof(r->bytes) - SK_BODY];
  const char *hash = memchr(t->p, '#', left(t));
  if (hash == NULL) return invalid("this system has no such family", code);
  Text name = { t->p, hash };
  uint32_t family = 0;
  const sk_Constant *c = sk_families;
  if (decimal(&name, 65535, &family) && left(&name) == 0)
    c = NULL;
  else
    while (c->name != NULL && (strlen(c->name) != (size_t)(hash - t->p) ||
                               memcmp(c->name, t->p, strlen(c->name)) != 0))
      c++;
  if (c != NULL && c->name == NULL)
    return invalid("unknown family", code);
  t->p = hash + 1;
  int n = hexbytes(t, '\0', bytes, (int)sizeof(bytes));
  if (n < 0) return invalid("not the hexadecimal form of an address", code);
  sk_roominit(r, c != NULL ? c->value : (int)family);
  return sk_setraw(r, (const char *)bytes, (size_t)n, code);
}


#if SK_LINUX

/* "vsock:cid:port" and "netlink:pid:groups" */
static int parsepair (Text *t, uint32_t *first, uint32_t *second) {
  return decimal(t, UINT32_MAX, first) && acceptchar(t, ':') &&
         decimal(t, UINT32_MAX, second) && left(t) == 0;
}


static int packetnumber (Text *t, const char *key, uint32_t max,
                         uint32_t *value) {
  if (!acceptword(t, key)) return 1;
  return decimal(t, max, value);
}


/* ",protocol=0x0800": nobody knows these numbers in decimal. */
static int packetprotocol (Text *t, unsigned char protocol[2]) {
  if (!acceptword(t, ",protocol=")) return 1;
  return acceptword(t, "0x") && group(t, protocol);
}


/* "packet:eth0,protocol=0x0800,hatype=1,pkttype=4,hardware=00:11:22:33:44:55",
** each part after the interface being optional. */
static const char *parsepacket (Text *t, sk_Room *r, const char **code) {
  const char *comma = memchr(t->p, ',', left(t));
  const char *end = comma != NULL ? comma : t->end;
  unsigned index = 0;
  unsigned char protocol[2] = { 0 };
  uint32_t hatype = 0, pkttype = 0;
  const char *reason = sk_parseinterface(t->p, (size_t)(end - t->p), &index,
                                         code);
  if (reason != NULL) return reason;
  t->p = end;
  if (index > INT32_MAX || !packetprotocol(t, protocol) ||
      !packetnumber(t, ",hatype=", 65535, &hatype) ||
      !packetnumber(t, ",pkttype=", 255, &pkttype))
    return invalid("not a packet address", code);
  sk_roominit(r, AF_PACKET);
  r->ll.sll_ifindex = (int)index;
  memcpy(&r->ll.sll_protocol, protocol, sizeof(protocol));
  r->ll.sll_hatype = (uint16_t)hatype;
  r->ll.sll_pkttype = (uint8_t)pkttype;
  if (acceptword(t, ",hardware=")) {
    int n = hexbytes(t, ':', r->bytes + SK_HARDWARE, SK_HARDWAREMAX);
    if (n <= 0) return invalid("not a hardware address", code);
    r->ll.sll_halen = (uint8_t)n;
  }
  return left(t) == 0 ? NULL : invalid("not a packet address", code);
}


static const char *parsespecial (Text *t, sk_Room *r, const char **code) {
  uint32_t first, second;
  if (acceptword(t, "packet:")) return parsepacket(t, r, code);
  if (acceptword(t, "vsock:")) {
    if (!parsepair(t, &first, &second))
      return invalid("not of the form vsock:cid:port", code);
    sk_roominit(r, AF_VSOCK);
    r->vm.svm_cid = first;
    r->vm.svm_port = second;
    return NULL;
  }
  if (acceptword(t, "netlink:")) {
    if (!parsepair(t, &first, &second))
      return invalid("not of the form netlink:pid:groups", code);
    sk_roominit(r, AF_NETLINK);
    r->nl.nl_pid = first;
    r->nl.nl_groups = second;
    return NULL;
  }
  return parsegeneric(t, r, code);
}

#else
#define parsespecial parsegeneric
#endif


const char *sk_parselone (sk_Room *r, const char *text, size_t len,
                          const char **code) {
  Text t = { text, text + len };
  sk_roominit(r, AF_UNSPEC);
  if (len == 0) return invalid("an address is not empty", code);
  if (unixname(text, len)) return parseunix(&t, r, code);
  if (specialname(text, len)) return parsespecial(&t, r, code);
  if (*text == '[') return parsebracketed(&t, r, code);
  return parsedotted(&t, r, code);
}


const char *sk_parseprefix (sk_Room *r, const char *text, size_t len,
                            unsigned *bits) {
  const char *slash = memrchr(text, '/', len);
  const char *code;
  uint32_t n;
  if (slash == NULL) return "the prefix length is missing, as in 10.0.0.0/8";
  if (*text == '[' || memchr(text, '%', len) != NULL)
    return "not an IP address and a prefix length";
  sk_roominit(r, AF_UNSPEC);
  const char *reason = sk_parsehost(r, text, (size_t)(slash - text), &code);
  if (reason != NULL) return reason;
  Text t = { slash + 1, text + len };
  if (!decimal(&t, sk_family(r) == AF_INET ? 32 : 128, &n) || left(&t) > 0)
    return "the prefix length is not a number in range";
  *bits = n;
  return NULL;
}
