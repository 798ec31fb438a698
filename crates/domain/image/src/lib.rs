#![allow(unused)]
use std::sync::Arc; use std::path::PathBuf; use fault::*; use names::*; use oci::image::ImageConfig;
pub type ImageId = Digest;
#[derive(Debug)] pub struct Image { pub id: ImageId, pub config_text: String, pub config: ImageConfig, pub tags: Vec<Reference>, pub digests: Vec<Reference>, pub size: u64 }
impl Image { pub fn repo_tags(&self)->Vec<String>{vec![]} pub fn repo_digests(&self)->Vec<String>{vec![]} pub fn diff_ids(&self)->&[Digest]{&[]} pub fn last_tagged(&self)->Option<std::time::SystemTime>{None} }
pub struct Layers { pub lower: Vec<PathBuf>, pub upper: PathBuf, pub work: PathBuf }
#[derive(Debug, Clone)] pub struct Images;
pub enum Status { PullingFrom(String), Digest(String), Summary(String), Line(String), Other }
impl std::fmt::Display for Status { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f,"x") } }
impl Status { pub fn amount(&self)->Option<(u64,u64)>{None} }
pub struct Event { pub id: String, pub status: Status }
pub struct Progress; impl Progress { pub fn new(s: impl Fn(Event)+Send+Sync+'static)->Self{Self} pub fn none()->Self{Self} }
pub enum Removed { Untagged(String), Deleted(String) }
pub struct User { pub container: String, pub is_running: bool }
pub struct HistoryItem { pub id: String, pub created: Option<String>, pub created_by: String, pub comment: String, pub size: u64, pub tags: Vec<String> }
pub struct Loaded { pub id: ImageId }
impl std::fmt::Display for Loaded { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f,"x") } }
pub struct Import { pub target: Option<Reference>, pub changes: Vec<String>, pub message: String, pub platform: Option<Platform> }
impl Images {
 pub fn open(root:&std::path::Path, c: metastore::Catalogue, r: registry::Client, live: &dyn Fn(&str)->bool)->Result<Images>{Ok(Images)}
 pub fn get(&self, n:&str)->Result<Arc<Image>>{Err(Fault::system(""))}
 pub fn list(&self)->Vec<Arc<Image>>{vec![]}
 pub async fn pull(&self, r:&Reference,p:Option<&Platform>,a:Option<&registry::AuthConfig>,s:Progress)->Result<ImageId>{Err(Fault::system(""))}
 pub fn tag(&self,s:&str,t:&Reference)->Result<()>{Ok(())}
 pub fn remove(&self,n:&str,f:bool,p:bool,u:&dyn Fn(&ImageId)->Vec<User>)->Result<Vec<Removed>>{Ok(vec![])}
 pub fn load(&self,t: impl std::io::Read+Send,s:Progress)->Result<Vec<Loaded>>{Ok(vec![])}
 pub fn save(&self,n:&[String],o: impl std::io::Write)->Result<()>{Ok(())}
 pub fn import(&self,t: impl std::io::Read+Send,i:Import)->Result<ImageId>{Err(Fault::system(""))}
 pub fn history(&self,n:&str)->Result<Vec<HistoryItem>>{Ok(vec![])}
 pub fn create_container_layer(&self,i:&ImageId,c:&ContainerId)->Result<Layers>{Err(Fault::system(""))}
 pub fn container_layers(&self,c:&ContainerId,i:&ImageId)->Result<Layers>{Err(Fault::system(""))}
 pub fn remove_container_layer(&self,c:&ContainerId)->Result<()>{Ok(())}
 pub fn container_size(&self,c:&ContainerId)->Result<u64>{Ok(0)}
 pub fn layer_paths(&self,i:&Image)->Vec<PathBuf>{vec![]}
}
