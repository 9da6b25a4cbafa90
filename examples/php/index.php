<?php
// A page as WordPress makes it, and the few of its functions that the plugin needs: `php -S 127.0.0.1:8000 index.php`.

define('TWINCHAT_PROXY', getenv('TWINCHAT_PROXY') ?: 'http://127.0.0.1:8081');
define('TWINCHAT_IDENTITY_SECRET', getenv('TWINCHAT_IDENTITY_SECRET') ?: '');

$actions = [];
function add_action(string $name, callable $do): void { $GLOBALS['actions'][$name][] = $do; }
function do_action(string $name): void { foreach ($GLOBALS['actions'][$name] ?? [] as $do) { $do(); } }
function esc_attr(string $text): string { return htmlspecialchars($text, ENT_QUOTES); }
function esc_html(string $text): string { return htmlspecialchars($text, ENT_QUOTES); }
function esc_url(string $url): string { return htmlspecialchars($url, ENT_QUOTES); }
function get_bloginfo(string $what): string { return ['language' => 'en-US', 'name' => 'A WordPress-like page'][$what]; }
function home_url(): string { return 'http://' . $_SERVER['HTTP_HOST']; }
function admin_url(string $path): string { return home_url() . "/wp-admin/$path"; }
function plugins_url(string $path, string $plugin): string { return home_url() . "/$path"; }
function get_current_user_id(): int { return (int) ($_COOKIE['user'] ?? 0); }
function is_user_logged_in(): bool { return get_current_user_id() > 0; }
function nocache_headers(): void { header('Cache-Control: no-store'); }
function wp_send_json(mixed $what): never { header('Content-Type: application/json'); exit(json_encode($what)); }

require __DIR__ . '/twinchat.php';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/identity.js') {
    return false; // the file itself
}
if ($path === '/wp-admin/admin-ajax.php') {
    do_action((is_user_logged_in() ? 'wp_ajax_' : 'wp_ajax_nopriv_') . ($_GET['action'] ?? ''));
    http_response_code(400);
    exit('0');
}
if (in_array($path, ['/sign-in', '/sign-out'], true)) {
    setcookie('user', $path === '/sign-in' ? '7' : '', ['httponly' => true, 'samesite' => 'Lax']);
    header('Location: /');
    exit;
}
?>
<!doctype html>
<html lang="<?= esc_attr(get_bloginfo('language')) ?>">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title><?= esc_html(get_bloginfo('name')) ?></title>
  <link rel="icon" href="data:,">
</head>
<body>
  <h1><?= esc_html(get_bloginfo('name')) ?></h1>
  <?php if (is_user_logged_in()): ?>
    <p>User <?= get_current_user_id() ?> is signed in. <a href="/sign-out">Sign out</a></p>
  <?php else: ?>
    <p>Nobody is signed in. <a href="/sign-in">Sign in as user 7</a></p>
  <?php endif ?>
  <?php do_action('wp_footer') ?>
</body>
</html>
