/* SPDX-License-Identifier: MIT */
/* kubeconfigs and pods: who we are, and whom we refuse to be. */
#include <dlfcn.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "check.h"
#include "kube/access.h"
#include "kube/kubeconfig.h"
#include "kube/yaml.h"
#include "scratch.h"

#define PEM   "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
#define PEM64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define CONFIG(cluster, user)                                                                      \
	"current-context: edge\nclusters:\n- name: c\n  cluster: " cluster                         \
	"\ncontexts:\n- name: edge\n  context: {cluster: c, user: u, namespace: web}\n"            \
	"- name: lost\n  context: {cluster: c, user: nobody}\n- name: bare\n  context: {cluster: " \
	"c}\nusers:\n- name: u\n  user: " user "\n"
#define CLUSTER "{server: 'https://k8s.example:6443/', certificate-authority-data: " PEM64 "}"
#define TOKEN   "{token: t0ken}"

static char *file(const char *name, const char *text, mode_t mode)
{
	char *path = mem_fmt("%s/%s", dir, name);

	file_put(path, text);
	CHECK(chmod(path, mode) == 0, "%s", path);
	return path;
}

/* ---- YAML ------------------------------------------------------------------------------------ */

static void test_yaml(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want, *error;
	} rows[] = {
		{ "a: b\nc: [1, true, ~, 'true', \"x\\ty\"]\n",
		  "{\"a\":\"b\",\"c\":[\"1\",true,null,\"true\",\"x\\ty\"]}", NULL },
		{ "{\"a\": {\"b\":\"c\"}, \"d\":null}", "{\"a\":{\"b\":\"c\"},\"d\":null}", NULL },
		{ "a: &x {b: c}\nd: *x\n", "{\"a\":{\"b\":\"c\"},\"d\":{\"b\":\"c\"}}", NULL },
		{ "a: |\n  two\n  lines\nb:\n", "{\"a\":\"two\\nlines\\n\",\"b\":null}", NULL },
		{ "---\na: b\n...\n", "{\"a\":\"b\"}", NULL },
		{ "", NULL, "there is nothing in it" },
		{ "# nothing\n", NULL, "there is nothing in it" },
		{ "a: b\n---\nc: d\n", NULL, "line 3: a second document begins; one is expected" },
		{ "a: [b\nc: d\n", NULL, "line 2: did not find expected ',' or ']'" },
		{ "? [a]\n: b\n", NULL, "line 1: a name that is no text" },
		{ "a: \"\\0\"\n", NULL, "line 1: a NUL character" },
		{ "&x [*x]\n", NULL, "line 1: it is nested too deeply" },
		{ "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c "
		  "[*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\n"
		  "e: [*d,*d,*d,*d,*d,*d,*d,*d]\n",
		  NULL, "it is too large" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(10000);
		struct err e = ERR_INIT;
		bool ok = yaml_to_json(rows[i].text, strlen(rows[i].text), &out, &e);
		CHECK(ok == (rows[i].want != NULL), "row %zu: %s", i, e.text);
		if (ok)
			CHECK_TEXT(buf_cstr(&out), rows[i].want, "row %zu", i);
		else
			CHECK(e.kind == ERR_CONFIG && strstr(e.text, rows[i].error) != NULL,
			      "row %zu: %s", i, e.text);
	}
}

/* libyaml's buffers hold tokens: it finds the allocator that wipes, not its own. */
static void test_yaml_memory_is_wiped(void **state)
{
	(void)state;
	static const char *const names[] = { "yaml_malloc", "yaml_realloc", "yaml_free",
		                             "yaml_strdup" };

	for (size_t i = 0; i < COUNT(names); i++) {
		Dl_info where;
		void *found = dlsym(RTLD_DEFAULT, names[i]);
		CHECK(found != NULL && dladdr(found, &where) != 0 &&
		              strstr(where.dli_fname, "libyaml") == NULL,
		      "%s", names[i]);
	}
}

/* ---- contexts -------------------------------------------------------------------------------- */

struct row {
	const char *name, *text, *context;
	const char *error; /* NULL: it is understood */
};

static const struct row rows[] = {
	{ "a token", CONFIG(CLUSTER, TOKEN), NULL, NULL },
	{ "a context by its name", CONFIG(CLUSTER, TOKEN), "edge", NULL },
	{ "a client certificate",
	  CONFIG(CLUSTER, "{client-certificate-data: " PEM64 ", client-key-data: " PEM64 "}"), NULL,
	  NULL },
	{ "JSON",
	  "{\"current-context\":\"a\",\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":"
	  "\"https://x\"}}],\"contexts\":[{\"name\":\"a\","
	  "\"context\":{\"cluster\":\"c\",\"user\":\"u\"}}],\"users\":[{\"name\":\"u\",\"user\":{"
	  "\"token\":\"\\u0074\"}}]}",
	  NULL, NULL },
	{ "no such context", CONFIG(CLUSTER, TOKEN), "other",
	  "has no context 'other'; 'kubectl config get-contexts'" },
	{ "a user that is not there", CONFIG(CLUSTER, TOKEN), "lost",
	  "there is no user 'nobody', which the context names" },
	{ "a context without a user", CONFIG(CLUSTER, TOKEN), "bare", "the context has no user" },
	{ "no current context", "clusters: []\n", NULL,
	  "has no current-context: name one with 'context' in [kubernetes]" },
	{ "no mapping", "- a\n", NULL, "it is not a kubeconfig" },
	{ "no YAML", "a: [\n", NULL, "line 2: " },
	{ "an exec plugin", CONFIG(CLUSTER, "{exec: {command: kubelogin, apiVersion: v1}}"), NULL,
	  "(exec), and acrotate starts none" },
	{ "its command is named", CONFIG(CLUSTER, "{exec: {command: kubelogin, apiVersion: v1}}"),
	  NULL, "it would be 'kubelogin'" },
	{ "an exec plugin beside a token", CONFIG(CLUSTER, "{token: t, exec: {command: aws}}"),
	  NULL, "(exec)" },
	{ "an auth-provider", CONFIG(CLUSTER, "{auth-provider: {name: gcp}}"), NULL,
	  "has an auth-provider" },
	{ "user name and password", CONFIG(CLUSTER, "{username: a, password: b}"), NULL,
	  "has a user name and password" },
	{ "acting as another", CONFIG(CLUSTER, "{token: t, as: admin}"), NULL,
	  "acts as somebody else" },
	{ "nothing to show", CONFIG(CLUSTER, "{}"), NULL,
	  "user 'u' has neither a token nor a client certificate" },
	{ "empty members count as absent", CONFIG(CLUSTER, "{token: '', username: '', exec: }"),
	  NULL, "neither a token" },
	{ "a certificate without a key", CONFIG(CLUSTER, "{client-certificate-data: " PEM64 "}"),
	  NULL, "a client certificate without a client key" },
	{ "a key without a certificate", CONFIG(CLUSTER, "{client-key-data: " PEM64 "}"), NULL,
	  "a client key without a client certificate" },
	{ "a key that is no base64",
	  CONFIG(CLUSTER, "{client-certificate-data: " PEM64 ", client-key-data: '%'}"), NULL,
	  "client-key-data is not base64" },
	{ "an authority that is no base64",
	  CONFIG("{server: 'https://x', certificate-authority-data: '%%'}", TOKEN), NULL,
	  "certificate-authority-data is not base64" },
	{ "anybody trusted", CONFIG("{server: 'https://x', insecure-skip-tls-verify: true}", TOKEN),
	  NULL, "trusts whoever answers" },
	{ "a proxy of its own", CONFIG("{server: 'https://x', proxy-url: 'http://p'}", TOKEN), NULL,
	  "has a proxy-url: name the proxy in [http]" },
	{ "no server", CONFIG("{}", TOKEN), NULL, "cluster 'c' has no server" },
};

static void test_contexts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_KUBECONFIG struct kubeconfig k = { .n = 0 };
		AUTO_KUBECONFIG_PICK struct kubeconfig_pick p = { 0 };
		struct err e = ERR_INIT;
		bool ok = kubeconfig_add(&k, "/etc/k", r->text, strlen(r->text), &e) &&
		          kubeconfig_pick(&k, r->context, &p, &e);
		CHECK(ok == (r->error == NULL), "%s: %s", r->name, e.text);
		CHECK(ok || (e.kind == ERR_CONFIG && strstr(e.text, r->error) != NULL), "%s: %s",
		      r->name, e.text);
		CHECK(ok || strstr(e.text, "/etc/k") != NULL, "%s names its file: %s", r->name,
		      e.text);
	}
}

/* Of two of one name the first counts, whichever file it is in; paths belong to the file that
 * has them. */
static void test_several_files(void **state)
{
	(void)state;
	AUTO_KUBECONFIG struct kubeconfig k = { .n = 0 };
	AUTO_KUBECONFIG_PICK struct kubeconfig_pick p = { 0 };
	struct err e = ERR_INIT;
	const char *one = "current-context: a\nusers:\n- {name: u, user: {tokenFile: "
			  "t/token}}\ncontexts:\n- {name: a, context: {cluster: c, user: u}}\n";
	const char *two = "current-context: b\nusers:\n- {name: u, user: {token: x}}\nclusters:\n- "
			  "{name: c, cluster: {server: 'https://two', "
			  "certificate-authority: ca.pem, tls-server-name: inside}}\n";

	CHECK(kubeconfig_add(&k, "/one/config", one, strlen(one), &e) &&
	              kubeconfig_add(&k, "/two/config", two, strlen(two), &e),
	      "%s", e.text);
	CHECK(kubeconfig_pick(&k, NULL, &p, &e), "%s", e.text);
	CHECK_TEXT(p.context, "a", "the first current-context");
	CHECK_TEXT(p.token_file, "/one/t/token", "the first user");
	CHECK_TEXT(p.ca_file, "/two/ca.pem", "the second file's cluster");
	CHECK_TEXT(p.tls_name, "inside", "its name");
	assert_null(p.token);
	assert_null(p.secret_path);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_access_by_files(void **state)
{
	(void)state;
	struct kube_access a = { 0 };
	struct err e = ERR_INIT;
	AUTO_FREE char *good = file("good", CONFIG(CLUSTER, TOKEN), 0600),
		       *open = file("open", CONFIG(CLUSTER, TOKEN), 0644);
	AUTO_FREE char *named = file("named",
	                             CONFIG("{server: 'https://10.0.0.1:6443', "
	                                    "certificate-authority: ca, tls-server-name: k8s}",
	                                    "{tokenFile: tok}"),
	                             0644);
	AUTO_FREE char *ca = file("ca", PEM, 0644), *token = file("tok", "from-file\n", 0644),
		       *list = mem_fmt("%s/none:%s", dir, good);
	AUTO_FREE char *plain = file("plain", CONFIG("{server: 'http://x'}", TOKEN), 0600),
		       *none = mem_fmt("%s/none", dir);

	CHECK(ca != NULL && token != NULL, "both are there");
	CHECK(kube_access_files(list, NULL, &a, &e), "%s", e.text);
	CHECK_TEXT(a.server, "https://k8s.example:6443", "without the slash");
	CHECK_TEXT(a.namespace, "web", "of the context");
	CHECK_TEXT(buf_cstr(&a.trust), PEM, "decoded");
	CHECK_TEXT(secret_peek(a.token), "t0ken", "the token");
	assert_false(a.direct);
	kube_access_clear(&a);
	CHECK(kube_access_files(named, NULL, &a, &e), "%s", e.text);
	CHECK_TEXT(a.server, "https://k8s:6443", "the name that the certificate bears");
	CHECK_TEXT(a.connect_to, "10.0.0.1:6443", "where it goes");
	CHECK_TEXT(secret_peek(a.token), "from-file", "the token of a file, without its line end");
	kube_access_clear(&a);
	CHECK(!kube_access_files(open, NULL, &a, &e) && e.kind == ERR_CONFIG &&
	              strstr(e.text, "can be read by others") != NULL,
	      "%s", e.text);
	CHECK(!kube_access_files(plain, NULL, &a, &e) &&
	              strstr(e.text, "is not an https URL") != NULL,
	      "%s", e.text);
	CHECK(!kube_access_files(none, NULL, &a, &e) &&
	              strstr(e.text, "there is no kubeconfig at") != NULL,
	      "%s", e.text);
	free(file("ca", "", 0644));
	CHECK(!kube_access_files(named, NULL, &a, &e) && e.kind == ERR_TRANSIENT,
	      "an authority that is being replaced: %s", e.text);
	free(file("ca", "no PEM", 0644));
	CHECK(!kube_access_files(named, NULL, &a, &e) &&
	              strstr(e.text, "has no certificate in it") != NULL,
	      "%s", e.text);
}

static void test_access_in_a_pod(void **state)
{
	(void)state;
	struct kube_access a = { 0 };
	struct err e = ERR_INIT;

	CHECK(!kube_access_pod(dir, "10.0.0.1", "443", &a, &e) && e.kind == ERR_CONFIG, "%s",
	      e.text);
	free(file("ca.crt", PEM, 0644));
	free(file("token", "jwt", 0644));
	free(file("namespace", "apps", 0644));
	CHECK(kube_access_pod(dir, "10.0.0.1", "443", &a, &e), "%s", e.text);
	CHECK_TEXT(a.server, "https://10.0.0.1:443", "by address");
	CHECK_TEXT(a.namespace, "apps", "the pod's own");
	CHECK(a.direct, "never through a proxy");
	kube_access_clear(&a);
	CHECK(kube_access_pod(dir, "fd00::1", "443", &a, &e), "%s", e.text);
	CHECK_TEXT(a.server, "https://[fd00::1]:443", "IPv6");
	kube_access_clear(&a);
	free(file("namespace", "../kube-system", 0644));
	CHECK(!kube_access_pod(dir, "10.0.0.1", "443", &a, &e) &&
	              strstr(e.text, "does not hold a namespace's name") != NULL,
	      "%s", e.text);
	free(file("namespace", "apps", 0644));
	free(file("token", "", 0644));
	CHECK(!kube_access_pod(dir, "10.0.0.1", "443", &a, &e) &&
	              strstr(e.text, "is empty") != NULL,
	      "%s", e.text);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool label, dns;
	} names[] = {
		{ "web", true, true },
		{ "a.b", false, true },
		{ "", false, false },
		{ "-a", false, false },
		{ "a-", false, false },
		{ "a..b", false, false },
		{ "A", false, false },
		{ "a/b", false, false },
		{ "a%2f", false, false },
		{ "0", true, true },
		{ "a23456789012345678901234567890123456789012345678901234567890123", true, true },
		{ "a234567890123456789012345678901234567890123456789012345678901234", false, true },
	};

	for (size_t i = 0; i < COUNT(names); i++)
		CHECK(kube_label_ok(names[i].name) == names[i].label &&
		              kube_name_ok(names[i].name) == names[i].dns,
		      "'%s'", names[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_yaml_memory_is_wiped),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_access_by_files),
		cmocka_unit_test(test_access_in_a_pod),
		cmocka_unit_test(test_names),
	};

	secret_setup();
	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
