<?php
// A small service whose members use the help centre as themselves: PHP 8.1 or newer, nothing to install.
//
//   OC_BASE_URL=https://acme.oc.example.com OC_SERVICE=shop OC_KEY_FILE=/etc/oc_key php -q -S 127.0.0.1:9000 member.php
//
// Members: hong and sora, password "demo". The parts to take over are marked with their names in the guide.
declare(strict_types=1);
ini_set('display_errors', '0'); // messages may hold tokens

// --- signing ---

// What Java calls whitespace; trim() knows less, and \s with /u knows more (U+00A0).
const BLANK = '/^[\t-\r\x1c-\x20\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}]*$/Du';

function make_token(string $key, array $values): string
{
    $optional = array_map(fn ($name) => $values[$name] ?? '', ['username', 'email', 'phone', 'memberno', 'returnUrl']);
    $optional = array_filter($optional, fn ($value) => !preg_match(BLANK, $value));
    $message = implode('&', [$values['service'], $values['usercode'], ...$optional, (string) $values['time']]);
    return base64_encode(hash_hmac('sha256', $message, $key, true));
}

// --- members, logins and issued tokens: yours live in your database ---

define('BASE', rtrim(getenv('OC_BASE_URL') ?: 'http://127.0.0.1:8000', '/'));
define('SERVICE', getenv('OC_SERVICE') ?: 'shop');
define('COOKIE', getenv('COOKIE_FLAGS') ?: (str_starts_with(BASE, 'http:') ? 'SameSite=Lax' : 'Secure; SameSite=Lax'));
define('STORE', getenv('STORE') ?: sys_get_temp_dir() . '/member-php');
const PAGES = ['home' => 'hc/', 'ticket' => 'hc/ticket/', 'list' => 'hc/ticket/list/'];
const MEMBERS = [
    'hong' => ['usercode' => 'user-0001', 'username' => '홍길동', 'email' => 'hong@example.com', 'phone' => '010-1234-5678'],
    'sora' => ['usercode' => '회원 +0002', 'username' => '이소라', 'email' => 'sora+help@example.com', 'memberno' => 'M-2'],
];

function organization_key(): string
{
    $file = getenv('OC_KEY_FILE');
    return $file ? trim(file_get_contents($file)) : getenv('OC_KEY');
}

/** Keep something under the hash of its secret name; PHP forgets everything between two requests. */
function keep(string $kind, string $name, array $entry): void
{
    is_dir(STORE) || mkdir(STORE, 0700, true);
    foreach (glob(STORE . '/*') as $file) {
        filemtime($file) < time() && @unlink($file); // the time of a file is when it expires
    }
    $file = STORE . "/$kind-" . hash('sha256', $name);
    file_put_contents($file, json_encode($entry), LOCK_EX);
    touch($file, $entry['until']);
}

function kept(string $kind, string $name): ?array
{
    $file = STORE . "/$kind-" . hash('sha256', $name);
    $entry = is_file($file) ? json_decode(file_get_contents($file), true) : null;
    return $entry && $entry['until'] > time() ? $entry : null;
}

function member_of(string $login_id): ?array
{
    return MEMBERS[kept('login', $login_id)['login'] ?? ''] ?? null;
}

/** The parameters for the help centre, signed now, and a note that we issued them. */
function signed(array $member, string $login_id, array $more = []): array
{
    $values = [...$member, ...$more, 'time' => (int) (microtime(true) * 1000)];
    $token = make_token(organization_key(), ['service' => SERVICE, ...$values]);
    keep('token', $token, ['usercode' => $member['usercode'], 'login_id' => $login_id, 'until' => time() + 300]);
    return [...$values, 'token' => $token];
}

/** Yes only to a token that we issued to this user, that is fresh, and whose login is still alive. */
function vouches_for(string $usercode, string $token): bool
{
    $entry = kept('token', $token);
    return $entry !== null && $entry['usercode'] === $usercode && member_of($entry['login_id']) !== null;
}

// --- pages ---

function answer(int $status, string|array $body = '', array $headers = []): void
{
    http_response_code($status);
    $kind = is_array($body) ? 'application/json' : 'text/html';
    $own = ['Content-Type' => "$kind; charset=utf-8", 'Cache-Control' => 'no-store', 'Referrer-Policy' => 'no-referrer'];
    foreach ([...$own, ...$headers] as $name => $value) {
        header("$name: $value");
    }
    echo is_array($body) ? json_encode($body) : $body;
}

function redirect(string $url, int $status = 303, array $headers = []): void
{
    answer($status, '', ['Location' => $url, ...$headers]);
}

function encode(array $fields): string
{
    return http_build_query($fields, '', '&', PHP_QUERY_RFC3986);
}

/** Only there may a login lead. With the "/" at the end, so that no other host begins like this. */
function is_help_centre(string $url): bool
{
    return str_starts_with($url, BASE . '/' . SERVICE . '/') && !preg_match('/[\x00-\x20\x7f]/', $url);
}

function pass_on(string $return_url, array $headers = []): void
{
    $path = getenv('OC_HANDOVER') === 'server' ? '/oc/remote-server' : '/oc/remote';
    redirect(is_help_centre($return_url) ? "$path?" . encode(['returnUrl' => $return_url]) : '/', 303, $headers);
}

/** Our login page, which hands over to `returnUrl`; one that leads elsewhere is forgotten. */
function to_login(string $return_url): void
{
    redirect(is_help_centre($return_url) ? '/login?' . encode(['returnUrl' => $return_url]) : '/login');
}

function cors(): array
{
    $origin = preg_replace('#^(\w+://[^/]+).*#', '$1', BASE);
    $ours = ($_SERVER['HTTP_ORIGIN'] ?? '') === $origin; // the whole origin, and no other
    $allowed = ['Access-Control-Allow-Origin' => $origin, 'Access-Control-Allow-Credentials' => 'true'];
    return ['Vary' => 'Origin', ...($ours ? $allowed : [])];
}

function home(?array $member): void
{
    $who = $member ? htmlspecialchars($member['username']) : '<a href="/login">로그인</a>';
    $links = array_map(fn ($page) => "<li><a href=\"/oc/open?page=$page\">$page (GET)</a>", array_keys(PAGES));
    $log_out = '<form method="post" action="/logout"><button>로그아웃</button></form>';
    answer(200, "$who$log_out<ul>" . implode('', $links) . '<li><a href="/oc/remote">home (POST)</a></ul>');
}

/** Login URL: somebody who is logged in is handed over straight away. */
function login(?array $member): void
{
    $return_url = $_GET['returnUrl'] ?? '';
    if ($member) {
        pass_on($return_url);
        return;
    }
    answer(200, '<form method="post"><input type="hidden" name="returnUrl" value="' . htmlspecialchars($return_url) . '">
<input name="login" aria-label="아이디"><input name="password" type="password" aria-label="비밀번호"><button>로그인</button></form>');
}

function log_in(): void
{
    $login = $_POST['login'] ?? '';
    if (!isset(MEMBERS[$login]) || !hash_equals('demo', $_POST['password'] ?? '')) {
        answer(422, '아이디 또는 비밀번호가 맞지 않습니다.');
        return;
    }
    $login_id = bin2hex(random_bytes(32));
    keep('login', $login_id, ['login' => $login, 'until' => time() + 12 * 3600]);
    pass_on($_POST['returnUrl'] ?? '', ['Set-Cookie' => "login=$login_id; Path=/; HttpOnly; " . COOKIE]);
}

function log_out(string $login_id): void
{
    $file = STORE . '/login-' . hash('sha256', $login_id);
    is_file($file) && unlink($file);
    redirect('/');
}

/** GET type: sign when the link is tapped, not when the page is made. */
function open_help_centre(?array $member, string $login_id): void
{
    $url = BASE . '/' . SERVICE . '/' . (PAGES[$_GET['page'] ?? ''] ?? 'hc/');
    redirect($member ? "$url?" . encode(signed($member, $login_id)) : $url, 302);
}

/** Token verification URL. */
function verify(): void
{
    $usercode = $_GET['usercode'] ?? '';
    $is_in = vouches_for($usercode, $_GET['token'] ?? '');
    answer(200, ['login' => $is_in, 'usercode' => $is_in ? $usercode : null]);
}

/** Login-status URL: the visitor's browser asks, so the cookie decides. */
function login_status(?array $member): void
{
    if ($_SERVER['REQUEST_METHOD'] === 'OPTIONS') {
        answer(204, '', [...cors(), 'Access-Control-Allow-Headers' => 'usercode, username, email, phone, memberno']);
        return;
    }
    answer(200, ['login' => $member !== null, 'usercode' => $member['usercode'] ?? null], cors());
}

/** POST type, client side: a form that the member's browser sends to the help centre. */
function remote(array $member, string $login_id, string $return_url): void
{
    $inputs = '';
    foreach (['service' => SERVICE, ...signed($member, $login_id, ['returnUrl' => $return_url])] as $name => $value) {
        $inputs .= "<input type=\"hidden\" name=\"$name\" value=\"" . htmlspecialchars((string) $value) . '">';
    }
    $action = BASE . '/v2/enduser/remote.json';
    answer(200, "<form method=\"post\" action=\"$action\">$inputs<button>헬프센터 열기</button></form>
<script>document.forms[0].submit()</script>");
}

/** POST type, server side: our server calls, without returnUrl, and the browser goes on with an access token. */
function remote_server(array $member, string $login_id, string $return_url): void
{
    $body = encode(['service' => SERVICE, ...signed($member, $login_id)]);
    $header = 'Content-Type: application/x-www-form-urlencoded';
    $http = ['method' => 'POST', 'header' => $header, 'content' => $body, 'timeout' => 5, 'ignore_errors' => true];
    $answered = @file_get_contents(BASE . '/api/v2/enduser/remote.json', false, stream_context_create(['http' => $http]));
    $access_token = json_decode((string) $answered, true)['result']['content'] ?? null;
    if ($access_token === null) { // the header says what to mend, and nothing secret
        $why = preg_grep('#^(HTTP/|X-OC-Error-Detail:)#i', $http_response_header ?? []);
        error_log('remote.json: ' . implode(' ', $why));
        answer(502, '헬프센터가 회원 정보를 받지 않았습니다.');
        return;
    }
    $joint = str_contains($return_url, '?') ? '&' : '?';
    redirect($return_url . $joint . encode(['accessToken' => $access_token]), 302);
}

function handle(): void
{
    $login_id = $_COOKIE['login'] ?? '';
    $member = member_of($login_id);
    $path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
    if (str_starts_with($path, '/oc/remote')) {
        $return_url = ($_GET['returnUrl'] ?? '') ?: BASE . '/' . SERVICE . '/hc/';
        if (!$member || !is_help_centre($return_url)) {
            to_login($return_url);
        } elseif ($path === '/oc/remote-server') {
            remote_server($member, $login_id, $return_url);
        } else {
            remote($member, $login_id, $return_url);
        }
        return;
    }
    $is_post = $_SERVER['REQUEST_METHOD'] === 'POST';
    match ($path) {
        '/' => home($member),
        '/login' => $is_post ? log_in() : login($member),
        '/logout' => $is_post ? log_out($login_id) : redirect('/'),
        '/oc/open' => open_help_centre($member, $login_id),
        '/oc/verify' => verify(),
        '/oc/login-status' => login_status($member),
        default => answer(404, '없는 주소입니다.'),
    };
}

if (PHP_SAPI === 'cli') { // php member.php vectors, for `daedap check-integration --sign-command`
    $tokens = [];
    foreach (json_decode(stream_get_contents(STDIN), true) as ['name' => $name, 'key' => $key, 'inputs' => $inputs]) {
        $tokens[$name] = make_token($key, $inputs);
    }
    echo json_encode($tokens), "\n";
} else {
    handle();
}
