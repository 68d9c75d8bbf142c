package servers_test

import (
	"slices"
	"testing"

	"github.com/s3fc/s3fc/internal/testkit/servers"
)

func TestChosen(t *testing.T) {
	for v, want := range map[string][]string{
		"": {"versitygw"}, "all": servers.Names(), "ceph": {"ceph"}, "minio, swift": {"minio", "swift"},
	} {
		t.Setenv(servers.Variable, v)
		chosen, left, err := servers.Chosen()
		if err != nil || !slices.Equal(chosen, want) || len(chosen)+len(left) != len(servers.Names()) {
			t.Errorf("%q: chosen %v, left %v, %v; want %v", v, chosen, left, err, want)
		}
	}
	t.Setenv(servers.Variable, "ceph,cepf")
	if _, _, err := servers.Chosen(); err == nil {
		t.Error("an unknown name is accepted")
	}
}
