import com.android.apksig.ApkSigner;
import com.android.apksig.ApkVerifier;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Signs an APK and aligns its libraries, or verifies one.
 *
 * <pre>
 * java Sign.java sign KEY_STORE ALIAS PASSWORD IN OUT MIN_SDK ALIGNMENT
 * java Sign.java verify APK MIN_SDK
 * </pre>
 */
public final class Sign {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("sign")) sign(arguments);
        else verify(new File(arguments[1]), Integer.parseInt(arguments[2]));
    }

    private static void sign(String[] arguments) throws Exception {
        char[] password = arguments[3].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(arguments[1])) {
            store.load(in, password);
        }
        PrivateKey key = (PrivateKey) store.getKey(arguments[2], password);
        List<X509Certificate> certificates = List.of((X509Certificate) store.getCertificate(arguments[2]));
        new ApkSigner.Builder(List.of(new ApkSigner.SignerConfig.Builder(arguments[2], key, certificates).build()))
                .setInputApk(new File(arguments[4]))
                .setOutputApk(new File(arguments[5]))
                .setMinSdkVersion(Integer.parseInt(arguments[6]))
                .setV1SigningEnabled(false)
                .setV2SigningEnabled(true)
                .setV3SigningEnabled(true)
                .setLibraryPageAlignmentBytes(Integer.parseInt(arguments[7]))
                .build()
                .sign();
    }

    private static void verify(File apk, int minSdk) throws Exception {
        ApkVerifier.Result result = new ApkVerifier.Builder(apk).setMinCheckedPlatformVersion(minSdk).build().verify();
        if (!result.isVerified() || !result.isVerifiedUsingV2Scheme() || !result.isVerifiedUsingV3Scheme()) {
            throw new IllegalStateException("the signature is not right: " + result.getErrors());
        }
    }
}
