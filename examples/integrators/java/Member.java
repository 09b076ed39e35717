// A small service whose members use the help centre as themselves: Java 17 or newer, nothing to install.
//
//   OC_BASE_URL=https://acme.oc.example.com OC_SERVICE=shop OC_KEY_FILE=/etc/oc_key java -Dfile.encoding=UTF-8 Member.java
//
// Members: hong and sora, password "demo". The parts to take over are marked with their names in the guide.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Member {

    // --- signing ---

    static String makeToken(String key, Map<String, String> values) throws GeneralSecurityException {
        var parts = new ArrayList<>(List.of(values.get("service"), values.get("usercode")));
        for (var name : List.of("username", "email", "phone", "memberno", "returnUrl")) {
            var value = values.get(name);
            if (value != null && !value.isBlank()) parts.add(value);
        }
        parts.add(values.get("time"));
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        return Base64.getEncoder().encodeToString(mac.doFinal(String.join("&", parts).getBytes(StandardCharsets.UTF_8)));
    }

    // --- members, logins and issued tokens: yours live in your database ---

    record Login(Map<String, String> member, long until) {}

    record Issued(String usercode, String loginId, long until) {}

    static final String BASE = env("OC_BASE_URL", "http://127.0.0.1:8000").replaceAll("/+$", "");
    static final String SERVICE = env("OC_SERVICE", "shop");
    static final String COOKIE = env("COOKIE_FLAGS", BASE.startsWith("http:") ? "SameSite=Lax" : "Secure; SameSite=Lax");
    static final boolean BY_SERVER = env("OC_HANDOVER", "").equals("server");
    static final Map<String, String> PAGES = Map.of("home", "hc/", "ticket", "hc/ticket/", "list", "hc/ticket/list/");
    static final Map<String, Map<String, String>> MEMBERS = Map.of(
        "hong", Map.of("usercode", "user-0001", "username", "홍길동", "email", "hong@example.com", "phone", "010-1234-5678"),
        "sora", Map.of("usercode", "회원 +0002", "username", "이소라", "email", "sora+help@example.com", "memberno", "M-2"));
    static final Map<String, Login> LOGINS = new ConcurrentHashMap<>();
    static final Map<String, Issued> ISSUED = new ConcurrentHashMap<>(); // by the SHA-256 of the token

    static String env(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    static String key() throws IOException {
        var file = System.getenv("OC_KEY_FILE");
        return file == null ? System.getenv("OC_KEY") : Files.readString(Path.of(file)).strip();
    }

    static String sha256(String text) throws GeneralSecurityException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    static Map<String, String> memberOf(String loginId) {
        var login = LOGINS.get(loginId);
        return login != null && login.until > System.currentTimeMillis() ? login.member : null;
    }

    /** The parameters for the help centre, signed now, and a note that we issued them. */
    static Map<String, String> signed(Map<String, String> member, String loginId, Map<String, String> more)
        throws IOException, GeneralSecurityException {
        var now = System.currentTimeMillis();
        var values = new LinkedHashMap<>(Map.of("service", SERVICE, "time", Long.toString(now)));
        values.putAll(member);
        values.putAll(more);
        var token = makeToken(key(), values);
        ISSUED.values().removeIf(issued -> issued.until < now);
        ISSUED.put(sha256(token), new Issued(member.get("usercode"), loginId, now + 300_000));
        values.put("token", token);
        return values;
    }

    /** Yes only to a token that we issued to this user, that is fresh, and whose login is still alive. */
    static boolean vouchesFor(String usercode, String token) throws GeneralSecurityException {
        var issued = ISSUED.get(sha256(token));
        return issued != null && issued.usercode.equals(usercode) && issued.until > System.currentTimeMillis()
            && memberOf(issued.loginId) != null;
    }

    // --- pages ---

    final HttpExchange exchange;
    final Map<String, String> query;
    final String loginId;
    final Map<String, String> member;

    Member(HttpExchange exchange) {
        this.exchange = exchange;
        query = decode(exchange.getRequestURI().getRawQuery());
        var cookies = exchange.getRequestHeaders().getOrDefault("Cookie", List.of());
        var found = Pattern.compile("(?:^|;\\s*)login=([\\w-]+)").matcher(String.join("; ", cookies));
        loginId = found.find() ? found.group(1) : "";
        member = memberOf(loginId);
    }

    void handle() throws Exception {
        switch (exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath()) {
            case "GET /" -> home();
            case "GET /login" -> login();
            case "POST /login" -> logIn();
            case "POST /logout" -> logOut();
            case "GET /oc/open" -> open();
            case "GET /oc/verify" -> verify();
            case "GET /oc/login-status", "OPTIONS /oc/login-status" -> loginStatus();
            case "GET /oc/remote", "GET /oc/remote-server" -> remote();
            default -> html(404, "없는 주소입니다.");
        }
    }

    void home() throws IOException {
        var who = member == null ? "<a href=\"/login\">로그인</a>" : escape(member.get("username"));
        var links = PAGES.keySet().stream().map(page -> "<li><a href=\"/oc/open?page=%s\">%s (GET)</a>".formatted(page, page));
        html(200, """
            %s<form method="post" action="/logout"><button>로그아웃</button></form>
            <ul>%s<li><a href="/oc/remote">home (POST)</a></ul>""".formatted(who, links.collect(Collectors.joining())));
    }

    /** Login URL: somebody who is logged in is handed over straight away. */
    void login() throws IOException {
        var returnUrl = query.getOrDefault("returnUrl", "");
        if (member != null) {
            passOn(returnUrl);
            return;
        }
        html(200, """
            <form method="post"><input type="hidden" name="returnUrl" value="%s">
            <input name="login" aria-label="아이디"><input name="password" type="password" aria-label="비밀번호">
            <button>로그인</button></form>""".formatted(escape(returnUrl)));
    }

    void logIn() throws IOException {
        var form = decode(new String(exchange.getRequestBody().readNBytes(10_000), StandardCharsets.UTF_8));
        var password = form.getOrDefault("password", "").getBytes(StandardCharsets.UTF_8);
        var found = MEMBERS.get(form.getOrDefault("login", ""));
        if (found == null || !MessageDigest.isEqual(password, "demo".getBytes(StandardCharsets.UTF_8))) {
            html(422, "아이디 또는 비밀번호가 맞지 않습니다.");
            return;
        }
        var random = new byte[32];
        new SecureRandom().nextBytes(random);
        var id = HexFormat.of().formatHex(random);
        LOGINS.put(id, new Login(found, System.currentTimeMillis() + Duration.ofHours(12).toMillis()));
        exchange.getResponseHeaders().set("Set-Cookie", "login=" + id + "; Path=/; HttpOnly; " + COOKIE);
        passOn(form.getOrDefault("returnUrl", ""));
    }

    void logOut() throws IOException {
        LOGINS.remove(loginId);
        redirect(303, "/");
    }

    void passOn(String returnUrl) throws IOException {
        var path = BY_SERVER ? "/oc/remote-server" : "/oc/remote";
        redirect(303, isHelpCentre(returnUrl) ? path + "?" + encode(Map.of("returnUrl", returnUrl)) : "/");
    }

    /** GET type: sign when the link is tapped, not when the page is made. */
    void open() throws Exception {
        var url = BASE + "/" + SERVICE + "/" + PAGES.getOrDefault(query.getOrDefault("page", ""), "hc/");
        redirect(302, member == null ? url : url + "?" + encode(signed(member, loginId, Map.of())));
    }

    /** Token verification URL. */
    void verify() throws Exception {
        var usercode = query.getOrDefault("usercode", "");
        json(vouchesFor(usercode, query.getOrDefault("token", "")) ? usercode : null);
    }

    /** Login-status URL: the visitor's browser asks, so the cookie decides. */
    void loginStatus() throws IOException {
        var headers = exchange.getResponseHeaders();
        var origin = BASE.replaceAll("^(\\w+://[^/]+).*", "$1");
        headers.set("Vary", "Origin");
        if (origin.equals(exchange.getRequestHeaders().getFirst("Origin"))) { // the whole origin, and no other
            headers.set("Access-Control-Allow-Origin", origin);
            headers.set("Access-Control-Allow-Credentials", "true");
        }
        if (exchange.getRequestMethod().equals("OPTIONS")) {
            headers.set("Access-Control-Allow-Headers", "usercode, username, email, phone, memberno");
            answer(204, "text/html", "");
        } else {
            json(member == null ? null : member.get("usercode"));
        }
    }

    void remote() throws Exception {
        var returnUrl = query.getOrDefault("returnUrl", BASE + "/" + SERVICE + "/hc/");
        if (member == null || !isHelpCentre(returnUrl)) {
            toLogin(returnUrl);
        } else if (exchange.getRequestURI().getPath().equals("/oc/remote")) {
            byBrowser(returnUrl);
        } else {
            byServer(returnUrl);
        }
    }

    /** POST type, client side: a form that the member's browser sends to the help centre. */
    void byBrowser(String returnUrl) throws Exception {
        var inputs = new StringBuilder();
        signed(member, loginId, Map.of("returnUrl", returnUrl)).forEach((name, value) -> inputs.append(
            "<input type=\"hidden\" name=\"%s\" value=\"%s\">".formatted(name, escape(value))));
        html(200, """
            <form method="post" action="%s/v2/enduser/remote.json">%s<button>헬프센터 열기</button></form>
            <script>document.forms[0].submit()</script>""".formatted(BASE, inputs));
    }

    /** POST type, server side: our server calls, without returnUrl, and the browser goes on with an access token. */
    void byServer(String returnUrl) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(BASE + "/api/v2/enduser/remote.json"))
            .timeout(Duration.ofSeconds(5)).header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(encode(signed(member, loginId, Map.of())))).build();
        var answered = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        var found = Pattern.compile("\"content\"\\s*:\\s*\"([^\"]+)\"").matcher(answered.body());
        if (!found.find()) { // the header says what to mend, and nothing secret
            var why = answered.headers().firstValue("X-OC-Error-Detail").orElse("");
            throw new IOException("remote.json: " + answered.statusCode() + " " + why);
        }
        redirect(302, returnUrl + (returnUrl.contains("?") ? "&" : "?") + encode(Map.of("accessToken", found.group(1))));
    }

    /** Our login page, which hands over to returnUrl; one that leads elsewhere is forgotten. */
    void toLogin(String returnUrl) throws IOException {
        redirect(303, isHelpCentre(returnUrl) ? "/login?" + encode(Map.of("returnUrl", returnUrl)) : "/login");
    }

    /** Only there may a login lead. With the "/" at the end, so that no other host begins like this. */
    static boolean isHelpCentre(String url) {
        return url.startsWith(BASE + "/" + SERVICE + "/") && url.chars().noneMatch(each -> each <= ' ' || each == 127);
    }

    static Map<String, String> decode(String encoded) {
        var values = new LinkedHashMap<String, String>();
        for (var pair : (encoded == null ? "" : encoded).split("&")) {
            var parts = pair.split("=", 2);
            values.put(URLDecoder.decode(parts[0], StandardCharsets.UTF_8),
                parts.length < 2 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        return values;
    }

    static String encode(Map<String, String> values) {
        return values.entrySet().stream()
            .map(each -> each.getKey() + "=" + URLEncoder.encode(each.getValue(), StandardCharsets.UTF_8).replace("+", "%20"))
            .collect(Collectors.joining("&"));
    }

    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    void redirect(int status, String url) throws IOException {
        exchange.getResponseHeaders().set("Location", url);
        html(status, "");
    }

    /** Who is logged in, or null for nobody. */
    void json(String usercode) throws IOException {
        var quoted = usercode == null ? "null" : '"' + usercode.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
        answer(200, "application/json", "{\"login\": %s, \"usercode\": %s}".formatted(usercode != null, quoted));
    }

    void html(int status, String body) throws IOException {
        answer(status, "text/html", body);
    }

    void answer(int status, String type, String body) throws IOException {
        var raw = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        exchange.getResponseHeaders().set("Referrer-Policy", "no-referrer");
        exchange.sendResponseHeaders(status, raw.length == 0 ? -1 : raw.length);
        exchange.getResponseBody().write(raw);
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("vectors")) {
            vectors(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
            return;
        }
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(env("PORT", "9000"))), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            try {
                new Member(exchange).handle();
            } catch (Exception error) {
                System.err.println(error.getClass().getName() + (error instanceof IOException ? ": " + error.getMessage() : "")); // never the address: it holds tokens
                exchange.sendResponseHeaders(502, -1);
            } finally {
                exchange.close();
            }
        });
        server.start();
    }

    /** For `daedap check-integration --sign-command`; reads just enough of JSON for it, since the JDK has no parser. */
    static void vectors(String json) throws GeneralSecurityException {
        var vectors = new ArrayList<Map<String, String>>();
        var pairs = Pattern.compile("\"(\\w+)\"\\s*:\\s*(?:(\\d+)|\"((?:[^\"\\\\]|\\\\.)*)\")").matcher(json);
        while (pairs.find()) {
            if (pairs.group(1).equals("name")) vectors.add(new LinkedHashMap<>());
            vectors.get(vectors.size() - 1).put(pairs.group(1), pairs.group(2) != null ? pairs.group(2) : unescape(pairs.group(3)));
        }
        var tokens = new ArrayList<String>();
        for (var each : vectors) tokens.add("\"%s\": \"%s\"".formatted(each.get("name"), makeToken(each.get("key"), each)));
        System.out.println("{" + String.join(", ", tokens) + "}");
    }

    static String unescape(String text) {
        var characters = Map.of("b", "\b", "f", "\f", "n", "\n", "r", "\r", "t", "\t");
        return Pattern.compile("\\\\(?:u(\\p{XDigit}{4})|(.))").matcher(text).replaceAll(found -> Matcher.quoteReplacement(
            found.group(1) != null
                ? String.valueOf((char) Integer.parseInt(found.group(1), 16))
                : characters.getOrDefault(found.group(2), found.group(2))));
    }
}
