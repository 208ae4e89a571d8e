/* A transport over libcurl, which carries the bytes; signing, retries, order and
 * reports stay in xgpush. */
#ifndef CURL_TRANSPORT_H
#define CURL_TRANSPORT_H

#include <xgpush.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A transport for xg_client_new_with_transport and xg_outbox_open_with_transport; NULL without memory. */
xg_transport *curl_transport_new(void);

#ifdef __cplusplus
}
#endif

#endif
