-- The same night in DuckDB: the sample shop's row rules, duplicates, crawlers, sessions, kept and rejected rows, features.
CREATE OR REPLACE TEMP TABLE judged AS
WITH typed AS (
    SELECT
        CAST(log_id AS VARCHAR) AS event_id,
        nullif(uid, '') AS user_id,
        nullif(cookie, '') AS visitor_id,
        nullif(goods_id, '') AS item_id,
        CASE act WHEN 'pv' THEN 'view' WHEN 'cart_add' THEN 'cart' WHEN 'fav' THEN 'wishlist' WHEN 'pay' THEN 'purchase'
                 WHEN 'refund' THEN 'return' WHEN 'rate' THEN 'rating' WHEN 'expose' THEN 'impression'
                 ELSE nullif(act, '') END AS event_type,
        nullif(ts, '') AS time_seen,
        CASE WHEN try_cast(ts AS DOUBLE) >= 0 AND try_cast(ts AS DOUBLE) < 4102444800000
             THEN make_timestamp(CAST(try_cast(ts AS DOUBLE) * 1000 AS BIGINT)) END AS event_time,
        try_cast(nullif(qty, '') AS DOUBLE) AS number,
        CASE WHEN nullif(qty, '') IS NULL THEN 1 ELSE number END AS quantity,
        try_cast(nullif(price, '') AS DOUBLE) AS price,
        'CNY' AS currency,
        CAST(stars AS DOUBLE) AS rating,
        nullif(keyword, '') AS query,
        nullif(order_no, '') AS order_id,
        nullif(place, '') AS slot,
        CASE WHEN pos IS NOT NULL THEN '{"pos":' || pos || '}' END AS extra,
        filename AS source_file,
        log_id, uid, cookie, act, goods_id, ts, price AS price_seen, qty, stars, keyword, order_no, place, pos
    FROM read_parquet($files, filename = true)
),
checked AS (
    SELECT *, coalesce(user_id, visitor_id, event_id) AS visitor,
        CASE
            WHEN greatest(strlen(uid), strlen(cookie), strlen(act), strlen(goods_id), strlen(ts), strlen(price_seen),
                          strlen(qty), strlen(keyword), strlen(order_no), strlen(place)) > 1000000
                THEN 'field_too_long'
            WHEN greatest(length(event_id), length(user_id), length(visitor_id), length(item_id), length(order_id)) > 256
                OR regexp_matches(concat_ws('', event_id, user_id, visitor_id, item_id, order_id), '[\x00-\x1f\x7f]')
                THEN 'bad_id'
            WHEN event_type IS NULL OR event_type NOT IN ('view', 'cart', 'wishlist', 'purchase', 'return', 'search',
                                                          'rating', 'impression', 'click') THEN 'unknown_event_type'
            WHEN item_id IS NULL AND event_type <> 'search' THEN 'missing_item'
            WHEN time_seen IS NULL THEN 'missing_time'
            WHEN event_time IS NULL THEN 'bad_time'
            WHEN event_time > CAST($night AS DATE) + INTERVAL 25 HOUR THEN 'future_event'
            WHEN (price IS NULL AND nullif(price_seen, '') IS NOT NULL) OR NOT isfinite(price)
                OR (number IS NULL AND nullif(qty, '') IS NOT NULL) OR NOT isfinite(number)
                OR rating < 0 THEN 'bad_number'
            WHEN price < 0 THEN 'negative_price'
            WHEN price > 1e7 THEN 'absurd_price'
            WHEN quantity < 0 THEN 'negative_quantity'
            WHEN quantity > 1e6 THEN 'absurd_quantity'
        END AS own_reason
    FROM typed
),
copies AS (
    SELECT *, CASE WHEN row_number() OVER (PARTITION BY visitor, event_id ORDER BY source_file, event_time) > 1
                   THEN 'duplicate' ELSE own_reason END AS reason_1
    FROM checked
),
crawlers AS (
    SELECT *, CASE WHEN reason_1 IS NULL
        AND count(*) FILTER (reason_1 IS NULL) OVER (PARTITION BY visitor, CAST(event_time AS DATE)) > 1400
        THEN 'crawler' ELSE reason_1 END AS reason
    FROM copies
),
visits AS (
    SELECT *, coalesce(event_time - lag(event_time) OVER in_time > INTERVAL 30 MINUTE, true) AS is_session_start
    FROM crawlers
    WINDOW in_time AS (PARTITION BY visitor, reason IS NULL ORDER BY event_time, event_id)
)
SELECT *, CAST(event_time AS DATE) AS event_date,
    printf('%016x', hash(visitor, max(CASE WHEN is_session_start THEN event_time END) OVER (
        PARTITION BY visitor, reason IS NULL ORDER BY event_time, event_id ROWS UNBOUNDED PRECEDING))) AS session_id
FROM visits;

COPY (
    SELECT event_id, user_id, visitor_id, item_id, event_type, event_time, quantity, price, currency, rating, query,
           order_id, slot, extra, session_id, is_session_start, event_date, source_file
    FROM judged WHERE reason IS NULL
) TO '{out}/kept.parquet' (FORMAT parquet, COMPRESSION zstd);

COPY (
    SELECT reason, to_json({'log_id': log_id, 'uid': uid, 'cookie': cookie, 'act': act, 'goods_id': goods_id, 'ts': ts,
                            'price': price_seen, 'qty': qty, 'stars': stars, 'keyword': keyword, 'order_no': order_no,
                            'place': place, 'pos': pos}) AS raw_row, source_file
    FROM judged WHERE reason IS NOT NULL
) TO '{out}/rejected.parquet' (FORMAT parquet, COMPRESSION zstd);

CREATE OR REPLACE TEMP MACRO features(key) AS TABLE
    SELECT CASE key WHEN 'user' THEN user_id ELSE item_id END AS id,
        count(*) AS events,
        count(*) FILTER (event_type = 'view') AS views,
        count(*) FILTER (event_type = 'cart') AS carts,
        count(*) FILTER (event_type = 'wishlist') AS wishlists,
        count(*) FILTER (event_type = 'purchase') AS purchases,
        count(*) FILTER (event_type = 'return') AS returns,
        sum(CASE event_type WHEN 'purchase' THEN 1 WHEN 'return' THEN -1 ELSE 0 END * quantity * coalesce(price, 0))
            AS revenue,
        sum(CASE event_type WHEN 'purchase' THEN 1 WHEN 'return' THEN -1 ELSE 0 END * quantity) AS units,
        count(*) FILTER (event_type = 'rating') AS ratings,
        sum(CASE event_type WHEN 'rating' THEN coalesce(rating, 0) ELSE 0 END) AS rating_sum,
        count(*) FILTER (event_type = 'impression') AS impressions,
        count(*) FILTER (event_type = 'click') AS clicks,
        sum(pow(2, -(CAST($night AS DATE) - event_date) / 60)) AS recent_events,
        sum(CASE event_type WHEN 'purchase' THEN pow(2, -(CAST($night AS DATE) - event_date) / 60) ELSE 0 END)
            AS recent_purchases,
        min(event_date) AS first_event_on,
        max(event_date) AS last_event_on,
        max(event_date) FILTER (event_type = 'purchase') AS last_purchase_on,
        count(*) FILTER (is_session_start) AS sessions,
        count(*) FILTER (event_type = 'search') AS searches
    FROM judged
    WHERE reason IS NULL AND id IS NOT NULL
    GROUP BY 1;

COPY (SELECT * FROM features('user')) TO '{out}/user_features.parquet' (FORMAT parquet, COMPRESSION zstd);
COPY (SELECT * EXCLUDE (sessions, searches) FROM features('item'))
    TO '{out}/item_features.parquet' (FORMAT parquet, COMPRESSION zstd);
