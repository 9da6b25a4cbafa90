<?php
/**
 * Plugin Name: twinchat
 * Description: The chat on every page. Who is signed in to WordPress is signed in to the chat.
 *
 * In wp-config.php:
 *   define('TWINCHAT_PROXY', 'https://chat.example.com');
 *   define('TWINCHAT_IDENTITY_SECRET', getenv('TWINCHAT_IDENTITY_SECRET')); // only for signing users in
 */

add_action('wp_footer', function () {
    printf(
        '<script type="module" src="%s/twinchat.js" data-locale="%s"></script>' . "\n",
        esc_url(TWINCHAT_PROXY),
        esc_attr(get_bloginfo('language'))
    );
    if (is_user_logged_in() && TWINCHAT_IDENTITY_SECRET) {
        printf(
            '<script type="module" src="%s" data-twinchat-identity="%s"></script>' . "\n",
            esc_url(plugins_url('identity.js', __FILE__)),
            esc_url(admin_url('admin-ajax.php?action=twinchat_identity'))
        );
    }
});

// WordPress runs this for signed-in users only.
add_action('wp_ajax_twinchat_identity', function () {
    nocache_headers();
    wp_send_json(twinchat_identity_token((string) get_current_user_id()));
});

/** An identity token of this site (docs/identity.md). */
function twinchat_identity_token(string $user): string {
    $encode = fn (string $data) => rtrim(strtr(base64_encode($data), '+/', '-_'), '=');
    $now = time();
    $claims = [
        'iss' => home_url(),
        'aud' => TWINCHAT_PROXY,
        'sub' => $user,
        'iat' => $now,
        'exp' => $now + 300,
        'jti' => bin2hex(random_bytes(16)),
    ];
    $signed = $encode(json_encode(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' . $encode(json_encode($claims));
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, TWINCHAT_IDENTITY_SECRET, true));
}
