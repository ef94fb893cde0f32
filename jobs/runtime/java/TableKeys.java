package nightmarket;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.crypto.KeyAccessDeniedException;
import org.apache.parquet.crypto.keytools.KeyToolkit;
import org.apache.parquet.crypto.keytools.KmsClient;

/**
 * Opens the data keys of Parquet files with the keys that one read was given, as jobs/runtime/parquet_files.py does.
 *
 * The access token is NAME:BASE64 for each key, with ';' between. Parquet caches by token, so another key opens nothing.
 */
public class TableKeys implements KmsClient {
  private final Map keys = new HashMap();

  public void initialize(Configuration conf, String instance, String url, String token) {
    String[] pairs = token.split(";");
    for (int i = 0; i < pairs.length; i++) {
      int at = pairs[i].lastIndexOf(':');
      if (at > 0) {
        keys.put(pairs[i].substring(0, at), Base64.getDecoder().decode(pairs[i].substring(at + 1)));
      }
    }
  }

  public String wrapKey(byte[] key, String name) {
    return KeyToolkit.encryptKeyLocally(key, of(name), name.getBytes(StandardCharsets.UTF_8));
  }

  public byte[] unwrapKey(String wrapped, String name) {
    return KeyToolkit.decryptKeyLocally(wrapped, of(name), name.getBytes(StandardCharsets.UTF_8));
  }

  private byte[] of(String name) {
    byte[] key = (byte[]) keys.get(name);
    if (key == null) {
      throw new KeyAccessDeniedException("there is no key " + name + ": it was destroyed with its day, or it is lost");
    }
    return key;
  }
}
