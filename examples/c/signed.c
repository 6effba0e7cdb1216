/* Runs nothing but what the owner of a key has signed, and within the limits that were signed with it. */
#include <stdio.h>
#include <string.h>

#include "mog.h"
#include "signed_hello.h"

/* Where modules must lie. */
static uint32_t room[sizeof signed_hello / 4 + 1];
static uint64_t arena[1024];
static mog_module module;
static mog_instance vm;

static mog_status print_line(mog_instance *own, const mog_value *args, void *user) {
  mog_text text = args[0].as.text;
  (void)own;
  (void)user;
  printf("%.*s\n", (int)text.size, text.data);
  return MOG_OK;
}

static void show(const char *what, mog_status status) {
  printf("%-28s %s\n", what, mog_describe(status));
}

static mog_status load(size_t size, const mog_trust *trust) {
  return mog_load_signed(&module, room, size, trust, NULL);
}

int main(void) {
  static const mog_capability capabilities[] = {{"out.println", "(text: string)", print_line, NULL}};
  unsigned char *bytes = (unsigned char *)room;
  unsigned char other_key[MOG_KEY_BYTES];
  size_t size = sizeof signed_hello, at, refused = 0;
  mog_config config = mog_grant(capabilities, 1, NULL);
  mog_trust trust = {example_key, "hello", 2, sizeof arena, 10000, 0}, changed;
  mog_manifest manifest;
  memcpy(bytes, signed_hello, size);

  show("null", mog_load_signed(&module, NULL, size, &trust, NULL));
  show("no trust", load(size, NULL));
  show("cut short", load(size - 4, &trust));
  for (at = 0; at < size; at++) {
    bytes[at] ^= 1;
    if (load(size, &trust) != MOG_OK) refused++;
    bytes[at] ^= 1;
  }
  printf("%-28s %s\n", "changed at every byte", refused == size ? "refused each time" : "ACCEPTED");
  changed = trust;
  memset(other_key, 0, sizeof other_key);
  changed.key = other_key;
  show("a key of zeros", load(size, &changed));
  changed.key = NULL;
  show("no key", load(size, &changed));
  /* What RFC 8032 has as an example. */
  memcpy(other_key, "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25"
         "\xaf\x02\x1a\x68\xf7\x07\x51\x1a", sizeof other_key);
  changed.key = other_key;
  show("another key", load(size, &changed));
  changed = trust;
  changed.name = "good bye";
  show("another program", load(size, &changed));
  changed = trust;
  changed.minimum_version = 3;
  show("an older version", load(size, &changed));
  changed = trust;
  changed.max_memory = 2048;
  show("more memory than allowed", load(size, &changed));
  changed = trust;
  changed.max_steps = 999;
  show("more steps than allowed", load(size, &changed));
  show("an instance of what failed", mog_new(&vm, &module, arena, sizeof arena, &config));
  show("signed, but loaded unsigned", mog_load(&module, room, size));

  show("as it was signed", mog_load_signed(&module, room, size, &trust, &manifest));
  printf("%.*s, version %u\n", (int)manifest.name.size, manifest.name.data, (unsigned)manifest.version);
  if (mog_new(&vm, &module, arena, (size_t)manifest.memory, &config) != MOG_OK) return 1;
  if (mog_start(&vm, manifest.steps) != MOG_OK) return 1;
  show("main", mog_call(&vm, "main", NULL, 0, manifest.steps));
  return 0;
}
