/* An example analyzer in C, which finds calls of unsafe C functions.
 *
 *   cc -std=c11 -shared -fPIC -fvisibility=hidden -I ../../plugin-sdk/include banned_calls.c \
 *      -o libbanned_calls.so
 *
 * A native library runs with the rights of the host, so the host loads it only where its digest is trusted:
 * `codetune plugin list --plugins .` prints the digest and the option that trusts it.
 */
#include <stdlib.h>
#include <string.h>

#include "codetune_plugin.h"

#define MANIFEST                                                              \
  "schema = 1\n"                                                              \
  "name = \"examples/banned-calls\"\n"                                        \
  "version = \"0.1.0\"\n"                                                     \
  "description = \"Calls of C functions that cannot be used safely\"\n"       \
  "author = \"The codetune authors\"\n"                                       \
  "license = \"MIT OR Apache-2.0\"\n"                                         \
  "api = \"0.1\"\n"                                                           \
  "[analyzer]\n"                                                              \
  "languages = [\"c\", \"cpp\"]\n"                                            \
  "[[analyzer.rules]]\n"                                                      \
  "id = \"banned-call\"\n"                                                    \
  "severity = \"warning\"\n"                                                  \
  "summary = \"A function that cannot be used safely\"\n"                     \
  "help = \"Use the variant that is told the size of its target.\"\n"         \
  "[[analyzer.attributes]]\n"                                                 \
  "name = \"banned_calls\"\n"                                                 \
  "type = \"integer\"\n"                                                      \
  "scope = \"file\"\n"                                                        \
  "unit = \"calls\"\n"                                                        \
  "description = \"Calls of such functions\"\n"

CODETUNE_MANIFEST(manifest_section, MANIFEST);

static const struct {
  const char *name;
  codetune_str message;
} banned[] = {
    {"gets", CODETUNE_TEXT("gets cannot know the size of its target: use fgets")},
    {"strcpy", CODETUNE_TEXT("strcpy does not know the size of its target: use snprintf")},
    {"strcat", CODETUNE_TEXT("strcat does not know the size of its target: use snprintf")},
    {"sprintf", CODETUNE_TEXT("sprintf does not know the size of its target: use snprintf")},
};
enum { BANNED = sizeof banned / sizeof banned[0] };

/* The index in `banned` of the captured name, or BANNED. */
static uint32_t find(codetune_str text, const codetune_capture *capture) {
  const size_t length = capture->end - capture->start;
  for (uint32_t i = 0; i < BANNED; i++) {
    if (strlen(banned[i].name) == length && memcmp(banned[i].name, text.pointer + capture->start, length) == 0)
      return i;
  }
  return BANNED;
}

static void analyze_source(const codetune_host *host, uint32_t number, const codetune_source *source) {
  static const codetune_str pattern = CODETUNE_TEXT("(call_expression function: (identifier) @callee)");
  codetune_captures found = {0};
  codetune_str error = {0};
  if (host->query(host->context, number, pattern, &found, &error) != CODETUNE_OK) {
    host->fail_source(host->context, number, CODETUNE_FAIL_FAILED, error);
    return;
  }
  /* One more than needed, since `malloc(0)` may return null. */
  codetune_finding *findings = malloc((found.items.length + 1) * sizeof *findings);
  if (findings == NULL) {
    static const codetune_str message = CODETUNE_TEXT("out of memory");
    host->fail_source(host->context, number, CODETUNE_FAIL_FAILED, message);
    return;
  }
  size_t count = 0;
  for (size_t i = 0; i < found.items.length; i++) {
    const codetune_capture *capture = &found.items.pointer[i];
    const uint32_t which = find(source->text, capture);
    if (which < BANNED)
      findings[count++] = (codetune_finding){0, CODETUNE_WARNING, capture->start, capture->end, which};
  }
  codetune_str strings[BANNED];
  for (uint32_t i = 0; i < BANNED; i++) strings[i] = banned[i].message;
  const codetune_attribute total = {.id = 0, .subject = 0, .tag = CODETUNE_INTEGER, .bits = count};
  const codetune_report report = {
      .findings = {findings, count},
      .attributes = {&total, 1},
      .strings = {strings, BANNED},
  };
  host->report(host->context, number, &report);
  free(findings);
}

static uint32_t configure(const codetune_host *host, const codetune_setup *setup, void **instance) {
  (void)host;
  (void)setup;
  static char nothing; /* Stateless; the instance must only not be null. */
  *instance = &nothing;
  return CODETUNE_OK;
}

static uint32_t analyze(const codetune_host *host, void *instance, codetune_sources batch) {
  (void)instance;
  for (size_t i = 0; i < batch.length; i++) analyze_source(host, (uint32_t)i, &batch.pointer[i]);
  return CODETUNE_OK;
}

static void free_instance(const codetune_host *host, void *instance) {
  (void)host;
  (void)instance;
}

static const codetune_analyzer analyzer = {sizeof analyzer, configure, analyze, free_instance};

CODETUNE_EXPORT const codetune_plugin codetune_plugin_abi0_banned_calls = {
    .magic = CODETUNE_MAGIC,
    .size = sizeof(codetune_plugin),
    .manifest = CODETUNE_TEXT(MANIFEST),
    .analyzer = &analyzer,
    .backend = NULL,
};
